package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// sheet is one table of a file: the rows of a text file, a sheet of a workbook, or one of these in an archive.
type sheet struct {
	name     string // of the sheet, with the path of the file in an archive before it; empty for a file of one table
	encoding string
	text     bool     // rows shorter than the header are cut lines
	hidden   []string // hidden sheets of the workbook
	lines    *rewound // the first rows are kept for the search of the header
}

// decoded is a file opened for reading. Sheets are read one after the other.
type decoded struct {
	next  func() (*sheet, error) // io.EOF after the last; with a refusal, a sheet that bears only its name
	close func() error
}

// decoding is what the decoders of a file share.
type decoding struct {
	text    string  // encoding of text whose bytes leave it open, empty: found by the bytes alone
	program string  // whose hidden command "decode" reads formats in a process of its own; empty: this program
	dir     string  // for unpacked files, which are removed as soon as they are opened; empty: the system's
	budget  *budget // of all that is unpacked
}

// budget bounds what a file may unpack to, with everything that is packed in it.
type budget struct {
	bytes   int64
	members int
}

// Limits of packed files.
const (
	minUnpacked    = 1 << 30 // bytes that any file may unpack to
	maxRatio       = 400     // unpacked to packed size above minRatioSize
	minRatioSize   = 64 << 20
	maxMembers     = 10_000 // files in an archive, and parts of a workbook
	maxDepth       = 3      // archives in archives
	maxDirectory   = 16 << 20
	maxUnpackRatio = 200 // unpacked to packed size of a whole file larger than minUnpacked
)

// decode finds out what a file is and opens it. Everything that is no table is refused with the reason. What
// runs in a process of its own ends with ctx.
func decode(ctx context.Context, with decoding, path string, size int64) (*decoded, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open kept file: %w", err)
	}
	with.budget = &budget{bytes: max(minUnpacked, size*maxUnpackRatio), members: maxMembers}
	d, err := decodeFile(ctx, with, f, size, 0)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return d.closing(f), nil
}

// closing closes c after the decoder.
func (d *decoded) closing(c io.Closer) *decoded {
	inner := d.close
	d.close = func() error {
		if inner == nil {
			return c.Close()
		}
		return errors.Join(inner(), c.Close())
	}
	return d
}

// decodeFile opens a file by what its bytes say; its name says nothing. depth counts the archives around it.
func decodeFile(ctx context.Context, with decoding, f *os.File, size int64, depth int) (*decoded, error) {
	if size == 0 {
		return nil, refuse("empty_file", nil)
	}
	head := make([]byte, min(size, sniffSize))
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read kept file: %w", err)
	}
	head = head[:n]
	switch form, refusal := formOf(head, f, size); {
	case refusal != nil:
		return nil, refusal
	case form == formZip:
		return decodeZip(ctx, with, f, size, depth)
	case form == formGzip || form == formZstd:
		return decodePacked(ctx, with, f, size, depth, form)
	case form == formOLE || form == formParquet || form == formArrow || form == formArrowStream:
		return decodeApart(ctx, with, f, form)
	}
	return openText(with, io.NewSectionReader(f, 0, size), head, int64(n) == size, func() io.Reader { return io.NewSectionReader(f, 0, size) })
}

// one is a decoded file of one sheet.
func one(s *sheet) *decoded {
	return &decoded{next: func() (*sheet, error) {
		if s == nil {
			return nil, io.EOF
		}
		only := s
		s = nil
		return only, nil
	}}
}

// openText opens a text file, the only table in it. again starts over from the beginning of the file.
func openText(with decoding, r io.Reader, head []byte, whole bool, again func() io.Reader) (*decoded, error) {
	if len(head) == 0 {
		return nil, refuse("empty_file", nil)
	}
	encoding, refusal := textEncoding(head, whole)
	if refusal != nil {
		return nil, refusal
	}
	if with.text != "" && encoding == encodingUTF8 && isOpen(head, whole) {
		encoding = with.text
	}
	sample, err := io.ReadAll(decodeText(bytes.NewReader(head), encoding))
	if err != nil && len(sample) == 0 {
		return nil, refuse("not_a_table", fmt.Errorf("decode: %w", err))
	}
	trimmed := bytes.TrimSpace(sample)
	if len(trimmed) == 0 && whole {
		return nil, refuse("empty_file", nil)
	}
	if kind := markupKind(trimmed); kind != "" {
		return nil, refuse("not_a_table", nil, "kind", kind)
	}
	if isJSON(trimmed) {
		return openJSON(again, encoding)
	}
	if !whole {
		if i := bytes.LastIndexAny(sample, "\r\n"); i > 0 {
			sample = sample[:i]
		}
	}
	form, err := formOfText(sample)
	if err != nil {
		return nil, err
	}
	lines, err := peek(newCSVReader(decodeText(r, encoding), form), headerRows)
	if err != nil {
		return nil, err
	}
	return one(&sheet{encoding: encoding, text: true, lines: lines}), nil
}

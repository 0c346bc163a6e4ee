package ingest

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// decodeZip opens a workbook, or an archive of files. Other packages of the same form are refused by their names.
func decodeZip(ctx context.Context, with decoding, f *os.File, size int64, depth int) (*decoded, error) {
	if n, ok := directorySize(f, size); !ok {
		return nil, refuse("file_damaged", errors.New("no zip directory at the end"))
	} else if n > maxDirectory {
		return nil, refuse("zip_bomb", fmt.Errorf("a zip directory of %d bytes", n))
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, refuse("file_damaged", fmt.Errorf("open as zip: %w", err))
	}
	if len(z.File) > maxMembers {
		return nil, refuse("zip_bomb", fmt.Errorf("%d files in the archive", len(z.File)))
	}
	parts := partsOf(z)
	has := func(prefix string) bool {
		for name := range parts {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	}
	kind := ""
	switch {
	case parts["xl/workbook.bin"] != nil:
		kind = "xlsb"
	case parts["xl/workbook.xml"] != nil:
		return decodeWorkbook(z, parts)
	case has("word/"):
		kind = "word"
	case has("ppt/"), has("visio/"):
		kind = "office"
	case parts["mimetype"] != nil || parts["content.xml"] != nil && parts["meta.xml"] != nil:
		kind = "office"
		if strings.Contains(firstBytes(parts["mimetype"]), "spreadsheet") {
			kind = "ods"
		}
	case parts["ofd.xml"] != nil:
		kind = "pdf"
	case parts["meta-inf/manifest.mf"] != nil:
		kind = "program"
	case parts["[content_types].xml"] != nil || parts["_rels/.rels"] != nil:
		return decodeWorkbook(z, parts)
	}
	if kind != "" {
		return nil, refuse("not_a_table", nil, "kind", kind)
	}
	if depth >= maxDepth {
		return nil, refuse("archive_too_deep", nil, "max", maxDepth)
	}
	return decodeArchive(ctx, with, z, depth), nil
}

// partsOf finds the files of a package by their names as the office formats compare them.
func partsOf(z *zip.Reader) map[string]*zip.File {
	parts := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		parts[strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))] = f
	}
	return parts
}

// directorySize returns how many bytes lie between the beginning of the directory of a zip file and its end, whatever
// is true of what the file says about it; ok is false when there is no directory.
func directorySize(f io.ReaderAt, size int64) (n int64, ok bool) {
	tail := make([]byte, min(size, 65557))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, false
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < 22 {
		return 0, false
	}
	end := size - int64(len(tail)) + int64(i)
	length, offset := int64(binary.LittleEndian.Uint32(tail[i+12:])), int64(binary.LittleEndian.Uint32(tail[i+16:]))
	if length == 0xffffffff || offset == 0xffffffff {
		locator := make([]byte, 20)
		if _, err := f.ReadAt(locator, end-20); err != nil || !bytes.HasPrefix(locator, []byte("PK\x06\x07")) {
			return 0, false
		}
		record := make([]byte, 56)
		if _, err := f.ReadAt(record, int64(binary.LittleEndian.Uint64(locator[8:]))); err != nil || !bytes.HasPrefix(record, []byte("PK\x06\x06")) {
			return 0, false
		}
		length, offset = int64(binary.LittleEndian.Uint64(record[40:])), int64(binary.LittleEndian.Uint64(record[48:]))
	}
	if length < 0 || offset < 0 || offset > end {
		return 0, false
	}
	return max(length, end-offset), true
}

// firstBytes returns the beginning of a part as text.
func firstBytes(f *zip.File) string {
	if f == nil {
		return ""
	}
	r, err := f.Open()
	if err != nil {
		return ""
	}
	defer r.Close()
	head, err := io.ReadAll(io.LimitReader(r, 200))
	if err != nil {
		return ""
	}
	return string(head)
}

// memberName is the name of a file in an archive as its sender sees it: archivers of Chinese systems write names in
// GBK without saying so. It is for people only and leads nowhere: steps upward are taken out of it.
func memberName(f *zip.File) string {
	name := f.Name
	if f.NonUTF8 && !utf8.ValidString(name) {
		if text, err := simplifiedchinese.GB18030.NewDecoder().String(name); err == nil {
			name = text
		}
	}
	name = strings.ToValidUTF8(strings.ReplaceAll(name, `\`, "/"), "\ufffd")
	return strings.TrimPrefix(path.Clean("/"+strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, name)), "/")
}

// decodeArchive reads the files in an archive one after the other, in the order of their names. What packers and
// systems leave in archives is passed over.
func decodeArchive(ctx context.Context, with decoding, z *zip.Reader, depth int) *decoded {
	type member struct {
		name string
		file *zip.File
	}
	var members []member
	for _, f := range z.File {
		name := memberName(f)
		base := path.Base(name)
		if strings.HasSuffix(f.Name, "/") || strings.HasSuffix(f.Name, `\`) || strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, ".") ||
			strings.HasPrefix(base, "~$") || strings.EqualFold(base, "Thumbs.db") || strings.EqualFold(base, "desktop.ini") {
			continue
		}
		members = append(members, member{name, f})
	}
	slices.SortStableFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	var open *decoded
	name := ""
	closeOpen := func() error {
		if open == nil {
			return nil
		}
		d := open
		open = nil
		return d.close()
	}
	next := func() (*sheet, error) {
		for {
			if open != nil {
				s, err := open.next()
				if !errors.Is(err, io.EOF) {
					return within(name, s, err)
				}
				if err := closeOpen(); err != nil {
					return nil, err
				}
			}
			if len(members) == 0 {
				return nil, io.EOF
			}
			m := members[0]
			members = members[1:]
			name = m.name
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			d, err := openMember(ctx, with, m.file, depth)
			if err != nil {
				return within(name, nil, err)
			}
			open = d
		}
	}
	return &decoded{next: next, close: closeOpen}
}

// within names the file in an archive that a sheet or a refusal comes from.
func within(name string, s *sheet, err error) (*sheet, error) {
	if s != nil {
		inner := *s
		s = &inner
		if s.name != "" {
			name += "/" + s.name
		}
		s.name = name
	}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		if s == nil {
			s = &sheet{name: name}
		}
		named := *refusal
		if named.Member == "" {
			named.Member = name
		} else {
			named.Member = name + "/" + named.Member
		}
		return s, &named
	}
	return s, err
}

// openMember unpacks a file of an archive into a file without a name and opens that.
func openMember(ctx context.Context, with decoding, f *zip.File, depth int) (*decoded, error) {
	if f.Flags&1 != 0 {
		return nil, refuse("encrypted", nil, "kind", "archive")
	}
	r, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, refuse("not_a_table", err, "kind", "archive")
	}
	if err != nil {
		return nil, refuse("file_damaged", fmt.Errorf("open %s: %w", f.Name, err))
	}
	defer r.Close()
	if with.budget.members--; with.budget.members < 0 {
		return nil, refuse("zip_bomb", errors.New("too many files in archives"))
	}
	return unpackFile(ctx, with, newGuard(r, with.budget, int64(f.CompressedSize64)), depth+1)
}

// unpackFile writes what r yields into a file without a name and opens it.
func unpackFile(ctx context.Context, with decoding, r io.Reader, depth int) (*decoded, error) {
	tmp, err := os.CreateTemp(with.dir, "unpacked-")
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if err := os.Remove(tmp.Name()); err != nil { // the open file stays until it is closed
		return nil, errors.Join(fmt.Errorf("unpack: %w", err), tmp.Close())
	}
	n, err := io.Copy(tmp, r)
	if err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	d, err := decodeFile(ctx, with, tmp, n, depth)
	if err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	return d.closing(tmp), nil
}

// guard refuses to go on when more is unpacked than the file may, or than is reasonable for what is packed.
type guard struct {
	r      io.Reader
	budget *budget
	packed int64 // bytes before unpacking
	n      int64 // bytes unpacked
}

func newGuard(r io.Reader, b *budget, packed int64) *guard {
	return &guard{r: r, budget: b, packed: packed}
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.n += int64(n)
	g.budget.bytes -= int64(n)
	if g.budget.bytes < 0 || g.n > minRatioSize && g.n/max(1, g.packed) > maxRatio {
		return n, refuse("zip_bomb", fmt.Errorf("%d bytes unpack to %d and more", g.packed, g.n))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = refuse("file_damaged", fmt.Errorf("unpack: %v", err)) // not wrapped: a cut file is no end of file
	}
	return n, err
}

// decodePacked opens a file packed by gzip or zstd. Text is read as it is unpacked; other forms are unpacked first.
func decodePacked(ctx context.Context, with decoding, f *os.File, size int64, depth int, form form) (*decoded, error) {
	if depth >= maxDepth {
		return nil, refuse("archive_too_deep", nil, "max", maxDepth)
	}
	var closers []func()
	start := func() (io.Reader, error) {
		packed := io.NewSectionReader(f, 0, size)
		if form == formGzip {
			z, err := gzip.NewReader(packed)
			if err != nil {
				return nil, refuse("file_damaged", fmt.Errorf("open as gzip: %w", err))
			}
			return newGuard(z, with.budget, size), nil
		}
		z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, refuse("file_damaged", fmt.Errorf("open as zstd: %w", err))
		}
		closers = append(closers, z.Close)
		return newGuard(z, with.budget, size), nil
	}
	stop := func() error {
		for _, c := range closers {
			c()
		}
		return nil
	}
	d, err := decodeStream(ctx, with, start, depth)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return d.closing(closerFunc(stop)), nil
}

type closerFunc func() error

func (c closerFunc) Close() error { return c() }

// decodeStream opens what a stream yields that can be started again.
func decodeStream(ctx context.Context, with decoding, start func() (io.Reader, error), depth int) (*decoded, error) {
	r, err := start()
	if err != nil {
		return nil, err
	}
	head := make([]byte, sniffSize)
	n, err := io.ReadFull(r, head)
	whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !whole {
		return nil, err
	}
	head = head[:n]
	rest := io.MultiReader(bytes.NewReader(head), r)
	size := int64(n)
	if !whole {
		size = 1 << 62 // not known yet
	}
	form, refusal := formOf(head, bytes.NewReader(head), size)
	if refusal != nil {
		return nil, refusal
	}
	if form != formText {
		return unpackFile(ctx, with, rest, depth+1)
	}
	return openText(with, rest, head, whole, func() io.Reader {
		r, err := start()
		if err != nil {
			return failing{err}
		}
		return r
	})
}

// failing is a reader that only fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

package ingest

import (
	"bytes"
	"encoding/binary"
	"io"
)

// form is what a file is by its bytes.
type form int

const (
	formText form = iota
	formZip
	formGzip
	formZstd
	formOLE // container of old office files
	formParquet
	formArrow // file with a footer, also Feather version 2
	formArrowStream
)

// marks are the first bytes of forms that are read.
var marks = []struct {
	mark string
	form form
}{
	{"PK\x03\x04", formZip},
	{"PK\x05\x06", formZip},
	{"PK\x07\x08", formZip},
	{"\x1f\x8b", formGzip},
	{"\x28\xb5\x2f\xfd", formZstd},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", formOLE},
	{"PAR1", formParquet},
	{"ARROW1\x00\x00", formArrow},
}

// foreign are the first bytes of forms that are not read, with the kind of their sentence.
var foreign = []struct{ mark, kind string }{
	{"%PDF", "pdf"},
	{"{\\rtf", "word"},
	{"\x89PNG\r\n", "image"},
	{"\xff\xd8\xff", "image"},
	{"GIF8", "image"},
	{"BM\x00", "image"},
	{"II*\x00", "image"},
	{"MM\x00*", "image"},
	{"Rar!\x1a\x07", "archive"},
	{"7z\xbc\xaf\x27\x1c", "archive"},
	{"BZh", "archive"},
	{"\xfd7zXZ\x00", "archive"},
	{"SQLite format 3\x00", "database"},
	{"\x00\x01\x00\x00Standard", "database"},
	{"FEA1", "feather1"},
	{"PARE", "parquet_encrypted"},
	{"\x09\x00\x04\x00", "xls_ancient"},
	{"\x09\x02\x06\x00", "xls_ancient"},
	{"\x09\x04\x06\x00", "xls_ancient"},
	{"\x09\x08\x08\x00\x00\x05", "xls_ancient"},
	{"\x7fELF", "program"},
	{"MZ\x90\x00", "program"},
}

// formOf tells what a file is by its first bytes and, where these are not enough, by its last ones. A form that is known but
// not read is refused by its name.
func formOf(head []byte, f io.ReaderAt, size int64) (form, *Refusal) {
	for _, m := range marks {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return m.form, nil
		}
	}
	for _, m := range foreign {
		if bytes.HasPrefix(head, []byte(m.mark)) {
			return formText, refuse("not_a_table", nil, "kind", m.kind)
		}
	}
	switch {
	case len(head) > 12 && bytes.HasPrefix(head, []byte("RIFF")) && bytes.HasPrefix(head[8:], []byte("WEBP")):
		return formText, refuse("not_a_table", nil, "kind", "image")
	case len(head) > 262 && bytes.HasPrefix(head[257:], []byte("ustar")):
		return formText, refuse("not_a_table", nil, "kind", "archive")
	case isDBF(head, size):
		return formText, refuse("not_a_table", nil, "kind", "dbf")
	case isArrowStream(head, size):
		return formArrowStream, nil
	}
	return formText, nil
}

// isArrowStream reports the beginning of an Arrow stream: the mark of a message, its length, and a flat buffer
// whose root lies within it.
func isArrowStream(head []byte, size int64) bool {
	if len(head) < 16 || !bytes.HasPrefix(head, []byte("\xff\xff\xff\xff")) {
		return false
	}
	length, root := int64(binary.LittleEndian.Uint32(head[4:])), int64(binary.LittleEndian.Uint32(head[8:]))
	return length > 8 && length < size && root >= 4 && root < length
}

// isDBF reports the header of a dBASE table: a version, a date, and as many field descriptions as its length says.
func isDBF(head []byte, size int64) bool {
	if len(head) < 65 {
		return false
	}
	switch head[0] {
	case 0x03, 0x30, 0x31, 0x43, 0x83, 0x8b, 0xf5:
	default:
		return false
	}
	length := int64(binary.LittleEndian.Uint16(head[8:]))
	return head[2] >= 1 && head[2] <= 12 && head[3] >= 1 && head[3] <= 31 && length >= 65 && length <= size &&
		length <= int64(len(head)) && (head[length-1] == '\r' || bytes.IndexByte(head[32:length], '\r') >= 0)
}

// markupKind tells what kind of markup or message a text begins with, nothing when it is none.
func markupKind(text []byte) string {
	head := bytes.ToLower(text[:min(len(text), 4096)])
	for bytes.HasPrefix(head, []byte("<!--")) {
		end := bytes.Index(head, []byte("-->"))
		if end < 0 {
			break
		}
		head = bytes.TrimSpace(head[end+3:])
	}
	switch {
	case bytes.HasPrefix(head, []byte("mime-version:")), bytes.HasPrefix(head, []byte("content-type: multipart")):
		return "html"
	case !bytes.HasPrefix(head, []byte("<")):
		return ""
	case bytes.Contains(head, []byte("urn:schemas-microsoft-com:office:spreadsheet")):
		return "xml2003"
	case bytes.HasPrefix(head, []byte("<?xml")) && !bytes.Contains(head, []byte("<html")):
		return "xml"
	}
	for _, mark := range []string{"<html", "<!doctype", "<table", "<meta", "<head", "<body", "<style", "<div", "<span", "<center", "<script", "<tr", "<?xml"} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return "html"
		}
	}
	if end := bytes.IndexByte(head, '>'); end > 1 && head[1] >= 'a' && head[1] <= 'z' && bytes.Contains(head, []byte("</")) {
		return "xml"
	}
	return ""
}

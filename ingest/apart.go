package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"syscall"
	"time"
)

// Some formats are read in a process of their own, so that a file made to break their readers ends that process
// and not the load: old workbooks, Parquet and Arrow. It is this program with the hidden command "decode"; the
// file is its descriptor 3, and it writes frames to its standard output:
//
//	S name hidden…   a sheet begins; hidden sheets of the workbook
//	R number flags cells…   a row
//	E rows   the sheet ends after so many rows
//	X refusal   the file is refused
//	Z   the file ends
//
// Numbers are unsigned varints, texts are their length and bytes; the low bit of a cell's length says that it is a
// number. What is not ended by Z was cut off.
const (
	frameSheet   = 'S'
	frameRow     = 'R'
	frameEnd     = 'E'
	frameRefused = 'X'
	frameDone    = 'Z'
)

// Limits of the process that decodes.
const (
	apartHeap    = 1 << 30 // bytes of living memory
	apartSpace   = 6 << 30 // bytes of address space
	apartSilence = 120 * time.Second
	maxFrame     = 64 << 20
)

// decodeApart opens a file whose format is read in a process of its own.
func decodeApart(ctx context.Context, with decoding, f *os.File, form form) (*decoded, error) {
	program := with.program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find the program that decodes: %w", err)
		}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read kept file: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	child := exec.CommandContext(ctx, program, "decode", form.name())
	child.ExtraFiles = []*os.File{f}
	child.Env = append(os.Environ(), "GOTRACEBACK=none", "GOMEMLIMIT=")
	var said limitedBuffer
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start the decoder: %w", err)
	}
	r := &apartReader{r: bufio.NewReaderSize(out, 256<<10), format: form.name(), said: &said}
	closed := false
	return &decoded{next: r.sheet, close: func() error {
		if closed {
			return nil
		}
		closed = true
		cancel()
		_, _ = io.Copy(io.Discard, out)
		_ = child.Wait() // killed, or ended: what it read was judged by its frames
		return nil
	}}, nil
}

// name is the name of the form in the batch and on the command line of the decoder.
func (f form) name() string {
	switch f {
	case formOLE:
		return "xls"
	case formParquet:
		return "parquet"
	case formArrow:
		return "arrow"
	case formArrowStream:
		return "arrow_stream"
	}
	return "text"
}

// limitedBuffer keeps the beginning of what is written to it.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if n := 2000 - b.Len(); n > 0 {
		b.Buffer.Write(p[:min(n, len(p))])
	}
	return len(p), nil
}

// apartReader reads the frames of the process that decodes.
type apartReader struct {
	r       *bufio.Reader
	format  string
	said    *limitedBuffer
	inSheet bool
	rows    uint64 // of the present sheet
	buf     []byte
	cells   [][]byte
	numeric []bool
	ended   bool
}

// broken says that the frames break off: the decoder has ended before the file did.
func (a *apartReader) broken(err error) error {
	return refuse("file_damaged", fmt.Errorf("the decoder broke off: %w; %s", err, bytes.TrimSpace(a.said.Bytes())))
}

func (a *apartReader) number() (uint64, error) {
	n, err := binary.ReadUvarint(a.r)
	if err != nil {
		return 0, a.broken(err)
	}
	return n, nil
}

// text reads a text into the buffer and returns where it lies.
func (a *apartReader) text(n uint64) (from int, err error) {
	from = len(a.buf)
	if n > maxFrame || uint64(from)+n > 4*maxFrame {
		return 0, a.broken(errors.New("a frame is too large"))
	}
	a.buf = append(a.buf, make([]byte, n)...)
	if _, err := io.ReadFull(a.r, a.buf[from:]); err != nil {
		return 0, a.broken(err)
	}
	return from, nil
}

// frame reads the kind of the next frame, and what a refusal says.
func (a *apartReader) frame() (byte, error) {
	kind, err := a.r.ReadByte()
	if err != nil {
		return 0, a.broken(err)
	}
	a.buf = a.buf[:0]
	if kind != frameRefused {
		return kind, nil
	}
	n, err := a.number()
	if err != nil {
		return 0, err
	}
	if _, err := a.text(n); err != nil {
		return 0, err
	}
	var said apartRefusal
	if err := json.Unmarshal(a.buf, &said); err != nil {
		return 0, a.broken(err)
	}
	return 0, &Refusal{Code: said.Code, Args: said.Args, Err: errors.New(said.Err)}
}

// apartRefusal is a refusal on its way from the decoder.
type apartRefusal struct {
	Code string         `json:"code"`
	Args map[string]any `json:"args"`
	Err  string         `json:"err"`
}

// sheet returns the next sheet that has rows.
func (a *apartReader) sheet() (*sheet, error) {
	var l line
	for a.inSheet { // what was not read of the sheet before
		if err := a.read(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	for {
		if a.ended {
			return nil, io.EOF
		}
		kind, err := a.frame()
		if err != nil {
			return nil, err
		}
		if kind == frameDone {
			a.ended = true
			continue
		}
		if kind != frameSheet {
			return nil, a.broken(fmt.Errorf("frame %q where a sheet should begin", kind))
		}
		s := &sheet{encoding: a.format}
		names, err := a.number()
		if err != nil {
			return nil, err
		}
		for i := range names {
			n, err := a.number()
			if err != nil {
				return nil, err
			}
			from, err := a.text(n)
			if err != nil {
				return nil, err
			}
			if text := string(a.buf[from:]); i == 0 {
				s.name = text
			} else {
				s.hidden = append(s.hidden, text)
			}
		}
		a.inSheet, a.rows = true, 0
		if s.lines, err = peek(a, headerRows); err != nil {
			return nil, err
		}
		if len(s.lines.kept) > 0 {
			return s, nil
		}
	}
}

// read reads the next row of the present sheet.
func (a *apartReader) read(l *line) error {
	if !a.inSheet {
		return io.EOF
	}
	kind, err := a.frame()
	if err != nil {
		return err
	}
	number, err := a.number()
	if err != nil {
		return err
	}
	switch kind {
	case frameEnd:
		if number != a.rows {
			return a.broken(fmt.Errorf("%d rows instead of %d", a.rows, number))
		}
		a.inSheet = false
		return io.EOF
	case frameRow:
		a.rows++
	default:
		return a.broken(fmt.Errorf("frame %q where a row should be", kind))
	}
	l.number = uint32(number)
	flags, err := a.number()
	if err != nil {
		return err
	}
	l.flags = uint8(flags)
	count, err := a.number()
	if err != nil {
		return err
	}
	if count > maxColumns {
		return refuse("too_many_columns", nil, "row", l.number, "columns", count, "max", maxColumns)
	}
	a.cells, a.numeric = a.cells[:0], a.numeric[:0]
	ends := make([]int, 0, 64)
	for range count {
		n, err := a.number()
		if err != nil {
			return err
		}
		if _, err := a.text(n >> 1); err != nil {
			return err
		}
		ends, a.numeric = append(ends, len(a.buf)), append(a.numeric, n&1 == 1)
	}
	from := 0
	for _, end := range ends {
		a.cells = append(a.cells, a.buf[from:end:end])
		from = end
	}
	l.cells, l.numeric = a.cells, a.numeric
	return nil
}

// apartWriter writes frames.
type apartWriter struct {
	w    *bufio.Writer
	rows uint64
	tmp  []byte
}

func newApartWriter(out io.Writer) *apartWriter {
	return &apartWriter{w: bufio.NewWriterSize(out, 256<<10)}
}

func (w *apartWriter) number(n uint64) {
	w.tmp = binary.AppendUvarint(w.tmp[:0], n)
	_, _ = w.w.Write(w.tmp) // errors stay in the writer until it is flushed
}

func (w *apartWriter) text(s string) {
	w.number(uint64(len(s)))
	_, _ = w.w.WriteString(s)
}

// sheet begins a sheet.
func (w *apartWriter) sheet(name string, hidden []string) {
	_ = w.w.WriteByte(frameSheet)
	w.number(uint64(1 + len(hidden)))
	w.text(name)
	for _, h := range hidden {
		w.text(h)
	}
	w.rows = 0
}

// headings begins the only sheet of a file with its headings, which are row 0.
func (w *apartWriter) headings(keys *jsonKeys) error {
	w.sheet("", nil)
	if err := w.row(0, 0, keys.headings(), nil); err != nil {
		return err
	}
	if w.rows == 0 {
		return refuse("file_damaged", errors.New("no column has a name"))
	}
	return nil
}

// row writes a row; blank rows are left out.
func (w *apartWriter) row(number uint32, flags uint8, cells [][]byte, numeric []bool) error {
	filled := false
	for i, c := range cells {
		filled = filled || !blank(c)
		if len(c) > maxCell {
			return refuse("cell_too_large", nil, "cell", cellName("", number, i))
		}
	}
	if !filled {
		return nil
	}
	_ = w.w.WriteByte(frameRow)
	w.number(uint64(number))
	w.number(uint64(flags))
	w.number(uint64(len(cells)))
	for i, c := range cells {
		n := uint64(len(c)) << 1
		if i < len(numeric) && numeric[i] {
			n |= 1
		}
		w.number(n)
		_, _ = w.w.Write(c)
	}
	w.rows++
	return nil
}

// end ends the sheet.
func (w *apartWriter) end() error {
	_ = w.w.WriteByte(frameEnd)
	w.number(w.rows)
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// RunDecoder is the process that decodes: it reads the file of the named format from in and writes frames to out.
// It bounds its own memory and ends when no rows come for two minutes.
func RunDecoder(format string, in *os.File, out io.Writer) error {
	// What cannot be bounded here is bounded by the system all the same.
	_ = syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: apartSpace, Max: apartSpace})
	debug.SetMemoryLimit(apartHeap / 2)
	watched := &watchedWriter{w: out}
	go watched.watch()
	w := newApartWriter(watched)
	err := decodeHere(format, in, w)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		said, err := json.Marshal(apartRefusal{refusal.Code, refusal.Args, refusal.Error()})
		if err != nil {
			return fmt.Errorf("write the refusal: %w", err)
		}
		_ = w.w.WriteByte(frameRefused)
		w.text(string(said))
	case err != nil:
		return err
	default:
		_ = w.w.WriteByte(frameDone)
	}
	if err := w.w.Flush(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

// decodeHere decodes in this process. A reader that panics in this goroutine has met a damaged file.
func decodeHere(format string, in *os.File, w *apartWriter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = refuse("file_damaged", fmt.Errorf("the reader of %s failed: %v", format, p))
		}
	}()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	switch format {
	case formOLE.name():
		return writeOldWorkbook(in, info.Size(), w)
	case formParquet.name():
		return writeParquet(in, info.Size(), w)
	case formArrow.name():
		return writeArrow(in, info.Size(), w)
	case formArrowStream.name():
		return writeArrowStream(in, info.Size(), w)
	}
	return fmt.Errorf("unknown format %q", format)
}

// watchedWriter knows whether anything comes of the decoder, which its reader may keep waiting.
type watchedWriter struct {
	w       io.Writer
	writing atomic.Bool
	written atomic.Int64
}

func (w *watchedWriter) Write(p []byte) (int, error) {
	w.writing.Store(true)
	defer w.writing.Store(false)
	n, err := w.w.Write(p)
	w.written.Add(int64(n))
	return n, err
}

// watch ends the process when it takes too much memory or when nothing comes of it.
func (w *watchedWriter) watch() {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	last, written := time.Now(), int64(0)
	for now := range time.Tick(20 * time.Millisecond) {
		if metrics.Read(sample); sample[0].Value.Uint64() > apartHeap {
			fmt.Fprintln(os.Stderr, "too much memory")
			os.Exit(1)
		}
		if n := w.written.Load(); n != written || w.writing.Load() {
			last, written = now, n
		}
		if now.Sub(last) > apartSilence {
			fmt.Fprintln(os.Stderr, "no progress")
			os.Exit(1)
		}
	}
}

package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"ohwatch/internal/simulate"
)

// BenchmarkCheck cuts and checks a file of examinations on one goroutine, without the engine.
func BenchmarkCheck(b *testing.B) {
	const rows = 200_000
	var text bytes.Buffer
	if err := simulate.WriteExams(context.Background(), &text, rows, 1); err != nil {
		b.Fatal(err)
	}
	d := newDesk(b)
	l, err := Open(context.Background(), Config{DB: d.db, Dir: d.dir, Today: testToday, DryRun: true})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	i := 0
	for i = range l.contracts {
		if l.contracts[i].Stream == "exam" {
			break
		}
	}
	s, err := l.open(context.Background(), l.contracts[i])
	if err != nil {
		b.Fatal(err)
	}
	run := func(b *testing.B, check bool) {
		b.ReportAllocs()
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		began := threadTime()
		b.SetBytes(int64(text.Len()))
		for b.Loop() {
			lines, err := peek(newCSVReader(bytes.NewReader(text.Bytes()), csvForm{delimiter: ',', quote: '"'}), 30)
			if err != nil {
				b.Fatal(err)
			}
			_, h, _ := recognise(l.contracts, lines.texts())
			lines.kept = lines.kept[h.first+h.rows:]
			table := newTable(newBlocks(lines, h.names), true, h.names, memory.DefaultAllocator)
			c := newChecker(s.plan, h)
			n := 0
			for {
				rec, err := table.next(chunkRows)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				if check {
					out, err := c.check(rec, rec, nil)
					if err != nil {
						b.Fatal(err)
					}
					n += out.read
				} else {
					n += int(rec.NumRows())
				}
				rec.Release()
			}
			if n < rows {
				b.Fatalf("%d rows", n)
			}
		}
		b.ReportMetric((threadTime()-began)*1e9/float64(b.N)/rows, "cpu-ns/row")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
	}
	b.Run("cut", func(b *testing.B) { run(b, false) })
	b.Run("check", func(b *testing.B) { run(b, true) })
}

// threadTime is the processor time of this thread in seconds.
func threadTime() float64 {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

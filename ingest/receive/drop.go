package receive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
)

// sourceDrop is the source of files out of the drop folder.
const sourceDrop = "drop"

// Folders are those of a drop folder.
type Folders struct {
	Drop, Done, Failed string
	Stable             time.Duration
}

// Tally counts what a run over a source has done.
type Tally struct {
	Files, Refused, Stuck             int // Stuck: loaded, but could not be moved away
	Read, Loaded, Corrected, Rejected int
}

func (t *Tally) add(r *Receipt) {
	t.Files++
	if r.State != Loaded {
		t.Refused++
	}
	for _, b := range r.Results {
		t.Read += b.Read
		t.Loaded += b.Loaded
		t.Corrected += b.Corrected
		t.Rejected += b.Rejected
	}
}

// TakeDropped loads the finished files of a drop folder. The folder right below it in which a file lies names its sender.
// Beside each moved file lie NAME.result.txt and NAME.result.json and, where rows were rejected, NAME.rejects.xlsx for
// the sender. A file that was loaded but could not be moved, because of a crash or because the share is
// read-only, is not loaded again.
func (r *Receiver) TakeDropped(ctx context.Context, f Folders) (tally Tally, err error) {
	s := r.begin()
	defer func() { err = errors.Join(err, s.end()) }()
	w := Watcher{Folder: f.Drop, Done: f.Done, Failed: f.Failed, Stable: f.Stable}
	w.Load = func(ctx context.Context, found Found) (Verdict, error) {
		receipt, isNew, err := s.takeDropped(ctx, found)
		if err != nil {
			return Verdict{}, err
		}
		if isNew {
			tally.add(&receipt)
		}
		return Verdict{
			Refused: receipt.State != Loaded,
			Write:   func(ctx context.Context, path string) error { return r.WriteResult(ctx, &receipt, path) },
		}, nil
	}
	taken, err := w.Scan(ctx)
	for _, one := range taken {
		if one.Moved == "" {
			tally.Stuck++
			r.Log.WarnContext(ctx, "a loaded file cannot be moved away", "file", one.Path)
		}
	}
	return tally, err
}

// takeDropped loads one file, unless it was loaded from the same place with the same size and time before.
func (s *session) takeDropped(ctx context.Context, f Found) (r Receipt, isNew bool, err error) {
	sender := ""
	if first, _, deeper := strings.Cut(f.Inside, "/"); deeper {
		sender = first
	}
	p, err := s.profile(ctx, sender)
	if err != nil {
		return r, false, err
	}
	id := placedName(sourceDrop, f.Inside, f.Bytes, f.Modified)
	r, err = FindReceipt(ctx, s.DB, id, "")
	switch {
	case errors.Is(err, ErrNoReceipt):
	case err != nil:
		return r, false, err
	case r.State == Loaded:
		again, err := s.again(ctx, r)
		if err != nil || !again {
			return r, false, err
		}
	case r.State != Waiting:
		return r, false, nil
	}
	in, err := os.Open(f.Path)
	if err != nil {
		return r, false, err
	}
	defer in.Close()
	src, err := s.keep(in, f.Path)
	if err != nil {
		return r, false, err
	}
	r, err = s.accept(ctx, arrival{id: id, source: sourceDrop, profile: p, name: f.Inside, place: f.Inside, modified: f.Modified}, src)
	if err != nil {
		return r, false, err
	}
	return r, true, s.load(ctx, &r)
}

// WriteResult writes what became of a file for its sender: path with .result.txt and .result.json appended, and for each
// batch with rejected rows an .xlsx of them.
func (r *Receiver) WriteResult(ctx context.Context, receipt *Receipt, path string) error {
	var rejects []string
	for _, b := range receipt.Results {
		if b.Rejected == 0 {
			continue
		}
		file := path + ".rejects.xlsx"
		if len(rejects) > 0 {
			file = path + ".rejects-" + strconv.Itoa(len(rejects)+1) + ".xlsx"
		}
		if err := r.writeRejects(ctx, b.Batch, file); err != nil {
			return err
		}
		rejects = append(rejects, file)
	}
	var document bytes.Buffer
	enc := json.NewEncoder(&document)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(receipt.Document(r.Catalogue)); err != nil {
		return err
	}
	if err := replace(path+".result.json", document.Bytes()); err != nil {
		return err
	}
	text := "\ufeff" + r.resultText(receipt, r.Catalogue.Printer(message.Chinese)) + "\n" +
		r.resultText(receipt, r.Catalogue.Printer(message.English))
	return replace(path+".result.txt", []byte(strings.ReplaceAll(text, "\n", "\r\n")))
}

// writeRejects writes the rejected rows of a batch for their sender.
func (r *Receiver) writeRejects(ctx context.Context, number uint64, path string) error {
	batch, err := ingest.FindBatch(ctx, r.DB, number)
	if err == nil {
		_, err = ingest.WriteRejects(ctx, r.DB, r.Dir, batch, path, true, r.Words)
	}
	return err
}

// resultText says in the words of one language what became of a file.
func (r *Receiver) resultText(receipt *Receipt, p *message.Printer) string {
	var b strings.Builder
	line := func(key string, pairs ...any) {
		args := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			args[pairs[i].(string)] = pairs[i+1]
		}
		b.WriteString(p.Text("receive."+key, args) + "\n")
	}
	line("result_file", "file", receipt.Name)
	line("result_receipt", "receipt", receipt.ID, "received", receipt.ReceivedAt.In(period.Shanghai()).Format("2006-01-02 15:04"))
	if receipt.Code != "" {
		line("result_refused", "message", receipt.sentence(p))
		return b.String()
	}
	for _, x := range receipt.Results {
		sheet := ""
		if x.Sheet != "" {
			sheet = " [" + x.Sheet + "]"
		}
		line("result_batch", "batch", x.Batch, "stream", p.Text("report.stream."+x.Stream, nil), "sheet", sheet, "read", x.Read, "loaded", x.Loaded,
			"corrected", x.Corrected, "voided", x.Voided, "unchanged", x.Unchanged, "rejected", x.Rejected, "warned", x.Warned)
		if x.RejectedBefore > 0 {
			line("result_rejected_before", "batch", x.SameAs, "rejected", x.RejectedBefore)
		}
		if x.BadCells > 0 {
			line("result_bad_cells", "cells", x.BadCells, "bytes", x.BadBytes)
		}
		if len(x.UnknownHeaders) > 0 {
			line("result_unknown", "headers", strings.Join(x.UnknownHeaders, "、"))
		}
		for _, note := range x.Notes {
			line("note_" + note)
		}
		if x.Read == 0 {
			line("result_zero")
		}
	}
	if receipt.Rejected() > 0 {
		line("result_rejects")
	}
	return b.String()
}

// replace writes a file at once or not at all.
func replace(path string, text []byte) error {
	aside := path + ".writing"
	if err := os.WriteFile(aside, text, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(aside, path)
}

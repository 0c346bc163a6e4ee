package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// Delivery is one file of a sender whose bytes are kept already, with what the sender's profile says of it.
type Delivery struct {
	Source
	Sender   string
	Stream   string              // empty: found by the headings
	Mappings map[string]*Mapping // by stream; one is used for a file that has the headings it needs
	Encoding string              // of text files whose bytes leave it open: utf-8 or gb18030; empty: utf-8
	Only     []string            // streams that may be loaded, a file of any other is refused; nil: all
}

// Keep stores bytes under dir, the data directory, by their SHA-256, and returns when they are safe on the disk.
// name is what the sender calls them. An error of in is returned as it is, wrapped.
func Keep(dir string, in io.Reader, name string, received time.Time) (Source, error) {
	return keepFrom(filepath.Join(dir, "files"), in, name, received, true)
}

// Kept returns the source of bytes that Keep has stored under dir before.
func Kept(dir, name, sha256 string, bytes int64, received time.Time) Source {
	return Source{Name: name, SHA256: sha256, Bytes: bytes, Received: received, kept: keptPath(filepath.Join(dir, "files"), sha256)}
}

// Deliver loads one kept file and reports its batches or its refusal, as Load does. The batches carry the
// received instant of the source.
func (l *Loader) Deliver(ctx context.Context, d Delivery, report func(Result) error) error {
	if err := l.turnTo(ctx, d); err != nil {
		return err
	}
	defer func() { l.only, l.encoding = nil, "" }()
	if err := l.loadSource(ctx, d.Source, report); err != nil {
		return err
	}
	return l.publish(ctx, report)
}

// turnTo makes the loader read files of one delivery. Nothing waits to be published at this time.
func (l *Loader) turnTo(ctx context.Context, d Delivery) error {
	contracts, err := Contracts(l.cfg.DB.Files())
	if err != nil {
		return err
	}
	l.cfg.Sender, l.cfg.Stream, l.only, l.encoding = d.Sender, d.Stream, d.Only, d.Encoding
	l.contracts = contracts
	if l.cfg.Mapping, err = fittingMapping(ctx, l.decoding(), d); err != nil {
		return err
	}
	if l.cfg.Mapping != nil {
		l.cfg.Stream = l.cfg.Mapping.Stream
	}
	if l.cfg.Stream != "" {
		l.contracts = slices.DeleteFunc(l.contracts, func(c *Contract) bool { return c.Stream != l.cfg.Stream })
		if len(l.contracts) == 0 {
			return ErrUnknownStream
		}
	}
	for _, s := range l.streams {
		s.plan.mapping = l.cfg.Mapping
	}
	return nil
}

// fittingMapping returns the first of the mappings, by stream, whose columns all stand in a sheet of the file; nil when
// none fits or when the file cannot be read, which its load will say.
func fittingMapping(ctx context.Context, with decoding, d Delivery) (*Mapping, error) {
	if len(d.Mappings) == 0 {
		return nil, nil
	}
	file, err := decode(ctx, with, d.kept, d.Bytes)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.close()
	for {
		sh, err := file.next()
		if sh != nil && errors.As(err, &refusal) {
			continue // a file in an archive that is no table
		}
		if errors.Is(err, io.EOF) || errors.As(err, &refusal) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		rows := sh.lines.texts()
		for _, stream := range slices.Sorted(maps.Keys(d.Mappings)) {
			if d.Stream != "" && d.Stream != stream {
				continue
			}
			if _, err := d.Mappings[stream].header(rows); err == nil {
				return d.Mappings[stream], nil
			}
		}
	}
}

// Results turns batches of the log into the results that their load reported.
func Results(batches []Batch) []Result {
	var results []Result
	for _, b := range batches {
		results = append(results, Result{
			Batch: b.Batch, Stream: b.Stream, File: b.File, Sheet: b.Sheet, SHA256: b.SHA256, Read: int(b.Read), Loaded: int(b.Loaded),
			Unchanged: int(b.Unchanged), Corrected: int(b.Corrected), Voided: int(b.Voided), Rejected: int(b.Rejected), Warned: int(b.Warned),
			UnknownHeaders: append([]string{}, b.UnknownHeaders...), HiddenSheets: b.HiddenSheets, Encoding: b.Encoding,
			HeaderRow: int(b.HeaderRow), BadCells: int(b.BadCells), BadBytes: int(b.BadBytes), State: b.State,
		})
	}
	return results
}

// LoadAs loads files and folders, as Load does, each as the delivery says: by the mapping that fits it, and only if its
// stream may be loaded. The source of the delivery is not looked at.
func (l *Loader) LoadAs(ctx context.Context, paths []string, as Delivery, report func(Result) error) error {
	found, err := files(paths)
	if err != nil {
		return err
	}
	for _, path := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if as.Source, err = l.keep(path); err == nil {
			err = l.Deliver(ctx, as, report)
		} else if err = l.refused(ctx, as.Source, err); err == nil {
			err = l.publish(ctx, report)
		}
		if err != nil {
			return fmt.Errorf("load %s: %w", path.path, err)
		}
	}
	return nil
}

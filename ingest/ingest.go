// Package ingest brings senders' files into the warehouse: it keeps their bytes, decodes them into Arrow
// records, checks each row against the contract of its stream, replaces persons by pseudonyms, and loads what
// passed. Each row read ends as loaded, corrected, voided, unchanged or rejected; a batch, which is one sheet
// or file of one stream, becomes visible whole or not at all.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// Config is what a Loader needs.
type Config struct {
	DB      *warehouse.DB // migrated
	Dir     string        // data directory: files, keys and the lock are kept in it
	Today   time.Time     // date after which nothing can have happened yet
	By      string        // user or job, recorded with each batch
	Sender  string        // institution or department that the files come from; empty: unknown
	Stream  string        // stream of the files; empty: found by their headers
	Mapping *Mapping      // nil: the files follow the contract
	DryRun  bool          // check and count, but store nothing
	Log     *slog.Logger  // nil: nothing is logged
	Now     func() time.Time
	Workers int    // goroutines that check rows; 0: one for each processor
	Program string // program whose hidden command "decode" reads formats in a process of its own; empty: this program
}

// ErrBusy says that another load of the same data directory is going on.
var ErrBusy = errors.New("another load is going on")

// ErrUnknownStream says that a stream has no contract.
var ErrUnknownStream = errors.New("unknown stream")

// Result says what became of one batch, or of a file that was refused. Its JSON form is part of the command
// line's contract.
type Result struct {
	Batch          uint64   `json:"batch,omitempty"`
	Stream         string   `json:"stream,omitempty"`
	File           string   `json:"file"`
	Sheet          string   `json:"sheet,omitempty"`
	SHA256         string   `json:"sha256,omitempty"`
	Read           int      `json:"read"`
	Loaded         int      `json:"loaded"`
	Unchanged      int      `json:"unchanged"`
	Corrected      int      `json:"corrected"`
	Voided         int      `json:"voided"`
	Rejected       int      `json:"rejected"`
	Warned         int      `json:"warned"`
	UnknownHeaders []string `json:"unknown_headers"`
	BadCells       int      `json:"bad_cells,omitempty"` // cells with bytes that are no text; their rows are rejected
	BadBytes       int      `json:"bad_bytes,omitempty"` // such bytes
	HiddenSheets   []string `json:"hidden_sheets,omitempty"`
	SkippedSheets  []string `json:"skipped_sheets,omitempty"` // sheets without a header that fits any contract
	Encoding       string   `json:"encoding,omitempty"`
	HeaderRow      int      `json:"header_row,omitempty"`
	Notes          []string `json:"notes,omitempty"`           // codes: stream_unexpected
	SameAs         uint64   `json:"same_as,omitempty"`         // batch that the same bytes were loaded as; they were not read again
	RejectedBefore int      `json:"rejected_before,omitempty"` // rows that were rejected there and count as unchanged here
	State          string   `json:"state"`                     // published, checked (dry run) or refused

	Refusal *Refusal `json:"-"` // why the file was refused
}

// Loader loads files. It holds the lock of the data directory from Open to Close, and remembers what it has
// read of the warehouse from file to file. It is not safe for several goroutines.
type Loader struct {
	cfg       Config
	lock      *os.File
	contracts []*Contract
	lists     *lists
	keyring   *keys
	roster    *roster
	streams   map[string]*stream
	published map[string][]publishedFile // by SHA-256
	next      uint64                     // number of the next batch
	indexed   uint64                     // most facts of a stream to be held in memory
	window    int                        // rows that are looked up and written together
	chunk     int                        // rows of a record
	pending   []*batch                   // classified, not published yet
	encoding  string                     // of text whose bytes leave it open
	only      []string                   // streams that may be loaded; nil: all
	writer    writer
}

// publishedFile is a batch that an equal file was published as.
type publishedFile struct {
	Batch    uint64 `ch:"batch"`
	Stream   string `ch:"stream"`
	SHA256   string `ch:"sha256"`
	Sheet    string `ch:"sheet"`
	Mapping  string `ch:"mapping"`
	Read     uint64 `ch:"n_read"`
	Rejected uint64 `ch:"n_rejected"`
	Bytes    uint64 `ch:"bytes"`
}

// Open takes the lock, makes the keys if there are none yet, and removes what an interrupted load has left.
// It returns ErrBusy when another load is going on and ErrUnknownStream for a stream without a contract.
func Open(ctx context.Context, cfg Config) (_ *Loader, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	l := &Loader{cfg: cfg, streams: map[string]*stream{}, indexed: maxIndexed, window: writeRows, chunk: chunkRows}
	if l.lists, err = embeddedLists(); err != nil {
		return nil, err
	}
	if l.contracts, err = Contracts(cfg.DB.Files()); err != nil {
		return nil, err
	}
	if cfg.Stream == "" && cfg.Mapping != nil {
		l.cfg.Stream = cfg.Mapping.Stream
	}
	if l.cfg.Stream != "" {
		l.contracts = slices.DeleteFunc(l.contracts, func(c *Contract) bool { return c.Stream != l.cfg.Stream })
		if len(l.contracts) == 0 {
			return nil, fmt.Errorf("%w: %q", ErrUnknownStream, l.cfg.Stream)
		}
	}
	if cfg.Mapping != nil {
		if err := cfg.Mapping.fits(l.contracts[0]); err != nil {
			return nil, err
		}
	}
	if l.keyring, err = openKeys(filepath.Join(cfg.Dir, "keys")); err != nil {
		return nil, err
	}
	if l.lock, err = lockDir(cfg.Dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.lock.Close())
		}
	}()
	l.writer.db = cfg.DB
	if !cfg.DryRun {
		if err := l.clear(ctx); err != nil {
			return nil, err
		}
		if err := sweep(filepath.Join(cfg.Dir, "files"), cfg.Now()); err != nil {
			return nil, err
		}
	}
	if err := cfg.DB.Row(ctx, "ingest_next_batch", []any{&l.next}); err != nil {
		return nil, fmt.Errorf("find the next batch: %w", err)
	}
	if err := l.readPublished(ctx); err != nil {
		return nil, err
	}
	decisions, err := readDecisions(ctx, cfg.DB)
	if err != nil {
		return nil, err
	}
	l.lists.decided = decisions.settled(cfg.Sender)
	return l, l.readRoster(ctx)
}

// lockDir takes the lock of a data directory, given back by the kernel when the process ends.
func lockDir(dir string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, "ingest.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return lock, nil
}

// Close gives the lock back. Rows of batches that were not published stay invisible and are removed by the
// next load.
func (l *Loader) Close() error {
	if err := errors.Join(l.writer.wait(), l.lock.Close()); err != nil {
		return fmt.Errorf("close the load: %w", err)
	}
	return nil
}

// Load loads files and folders in order and hands the result of each batch and of each refused file to
// report, in the order of the files, once it is certain. Folders are searched through; files are taken in
// lexical order. A refused file does not end the load.
func (l *Loader) Load(ctx context.Context, paths []string, report func(Result) error) error {
	found, err := files(paths)
	if err != nil {
		return err
	}
	for _, file := range found {
		if err := l.loadFile(ctx, file, report); err != nil {
			return fmt.Errorf("load %s: %w", file.path, err)
		}
		if l.due() {
			if err := l.publish(ctx, report); err != nil {
				return err
			}
		}
	}
	return l.publish(ctx, report)
}

// loadFile loads the sheets of one file.
func (l *Loader) loadFile(ctx context.Context, file foundFile, report func(Result) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	src, err := l.keep(file)
	if err != nil {
		return l.refused(ctx, src, err)
	}
	return l.loadSource(ctx, src, report)
}

// loadSource loads the sheets of a file whose bytes are kept.
func (l *Loader) loadSource(ctx context.Context, src Source, report func(Result) error) error {
	if l.repeated(src) {
		return nil
	}
	return l.refused(ctx, src, l.loadSheets(ctx, src, report))
}

// refused books a refusal of the file; any other error is returned.
func (l *Loader) refused(ctx context.Context, src Source, err error) error {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	l.cfg.Log.InfoContext(ctx, "file refused", "file", l.mask(src.Name), "code", refusal.Code, "reason", refusal.Err)
	l.pending = append(l.pending, &batch{result: Result{
		File: l.mask(src.Name), Sheet: l.mask(refusal.Member), SHA256: src.SHA256, State: "refused", UnknownHeaders: []string{}, Refusal: refusal,
	}})
	return nil
}

// keep stores the file's bytes. A dry run stores nothing.
func (l *Loader) keep(file foundFile) (Source, error) {
	if src, known, err := l.sentBefore(file); known || err != nil {
		return src, err
	}
	if l.cfg.DryRun {
		return weigh(file, l.cfg.Now())
	}
	return keep(filepath.Join(l.cfg.Dir, "files"), file, l.cfg.Now())
}

// repeated reports whether the same bytes were published before, and then counts their rows as unchanged.
func (l *Loader) repeated(src Source) bool {
	var same []publishedFile
	for _, p := range l.published[src.SHA256] {
		if p.Mapping == l.cfg.Mapping.name() && (l.cfg.Stream == "" || p.Stream == l.cfg.Stream) {
			same = append(same, p)
		}
	}
	for _, p := range same {
		b := l.begin(src, p.Stream, p.Sheet)
		b.result.Read, b.result.Unchanged = int(p.Read), int(p.Read)
		b.result.SameAs, b.result.RejectedBefore = p.Batch, int(p.Rejected)
		l.pending = append(l.pending, b)
	}
	return len(same) > 0
}

// loadSheets loads what is in a file. When one of several sheets fits no contract, or one of the files in an
// archive is no table, that one is left out and named; when none fits, the file is refused.
func (l *Loader) loadSheets(ctx context.Context, src Source, report func(Result) error) error {
	d, err := decode(ctx, l.decoding(), src.kept, src.Bytes)
	if err != nil {
		return err
	}
	defer d.close()
	var batches []*batch
	var skipped []string
	var first *Refusal
	for {
		s, err := d.next()
		if errors.Is(err, io.EOF) {
			break
		}
		var b *batch
		if err == nil {
			b, err = l.loadSheet(ctx, src, s)
		}
		var refusal *Refusal
		switch {
		case err == nil:
			batches = append(batches, b)
			continue
		case errors.As(err, &refusal) && s != nil && refusal.passable():
			if first == nil {
				first = refusal
			}
			if !slices.Contains(guideSheets, s.name) {
				skipped = append(skipped, l.mask(s.name))
			}
			continue
		}
		if refusal == nil {
			return err
		}
		// The file breaks off: what was read of it must not stay.
		if undone := l.abandon(ctx, src, batches, b, err, report); undone != nil {
			return undone
		}
		return err
	}
	if len(batches) == 0 {
		if first == nil {
			first = refuse("empty_file", nil)
		}
		return first
	}
	for _, b := range batches {
		b.result.SkippedSheets = skipped
		l.remember(src, b)
	}
	l.pending = append(l.pending, batches...)
	return nil
}

// decoding is what the decoders need.
func (l *Loader) decoding() decoding {
	return decoding{text: l.encoding, program: l.cfg.Program, dir: l.cfg.Dir}
}

// remember notes that these bytes are loaded, so that an equal file later in the same load is not read again.
func (l *Loader) remember(src Source, b *batch) {
	if b.result.Unchanged < b.result.Read {
		l.published[src.SHA256] = append(l.published[src.SHA256], publishedFile{
			Batch: b.result.Batch, Rejected: uint64(b.result.Rejected), Stream: b.result.Stream, SHA256: src.SHA256, Sheet: b.result.Sheet, Mapping: l.cfg.Mapping.name(), Read: uint64(b.result.Read),
			Bytes: uint64(src.Bytes),
		})
	}
}

// readPublished reads which files were published.
func (l *Loader) readPublished(ctx context.Context) error {
	var found []publishedFile
	if err := l.cfg.DB.Select(ctx, &found, "ingest_published"); err != nil {
		return fmt.Errorf("read published files: %w", err)
	}
	l.published = make(map[string][]publishedFile, len(found))
	for _, p := range found {
		if !slices.ContainsFunc(l.published[p.SHA256], func(o publishedFile) bool {
			return o.Stream == p.Stream && o.Sheet == p.Sheet && o.Mapping == p.Mapping
		}) {
			l.published[p.SHA256] = append(l.published[p.SHA256], p)
		}
	}
	return nil
}

// readRoster reads the employers that are known.
func (l *Loader) readRoster(ctx context.Context) error {
	var employers []struct {
		Key    string   `ch:"employer_key"`
		Name   string   `ch:"employer_name"`
		Former []string `ch:"former_names"`
	}
	if err := l.cfg.DB.Select(ctx, &employers, "ingest_roster"); err != nil {
		return fmt.Errorf("read the roster: %w", err)
	}
	l.roster = newRoster()
	for _, e := range employers {
		l.roster.add(e.Key, append([]string{e.Name}, e.Former...)...)
	}
	return nil
}

// Streams returns the names of the streams that have a contract, see Contracts.
func Streams(extra ...fs.FS) ([]string, error) {
	contracts, err := Contracts(extra...)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, c := range contracts {
		names[c.Stream] = true
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// queryText returns the text of a query in sql/queries.
func queryText(name string) (string, error) {
	text, err := ohsql.Query(name)
	if err != nil {
		return "", fmt.Errorf("find the query %s: %w", name, err)
	}
	return text, nil
}

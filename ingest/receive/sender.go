package receive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/ingest"
	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// ErrNoSender says that there is no profile of that name.
var ErrNoSender = errors.New("no such sender")

// Profile is what is agreed with a sender: which streams to expect, when, and how its files are read. The warehouse
// holds it, in ops_sender; nothing in the configuration says the same.
type Profile struct {
	Sender    string
	Contact   string // office to remind
	Refuse    bool   // a file of a stream that is not expected is refused; otherwise it is loaded with a note
	Encoding  string // taken for text files whose bytes leave it open: utf-8, gb18030 or empty
	Expected  []Expectation
	Mappings  map[string]string // stream to the text of a mapping file
	Since     time.Time         // first day from which files are expected, midnight UTC
	ChangedAt time.Time
	ChangedBy string

	readers map[string]*ingest.Mapping // by stream, read from Mappings
}

// Expectation is one stream that a sender delivers. Without a cadence the stream is expected, but at no fixed time.
type Expectation struct {
	Stream  string
	Cadence period.Kind // 0: none
	DueDays int         // days after the end of the period until the file is due
}

// String writes an expectation as the command line takes it: exam=month:10.
func (e Expectation) String() string {
	if e.Cadence == 0 {
		return e.Stream
	}
	return e.Stream + "=" + e.Cadence.String() + ":" + strconv.Itoa(e.DueDays)
}

// cadences are the words for the kinds of period, as tables, commands and people write them.
var cadences = map[string]period.Kind{
	"week": period.Week, "weekly": period.Week, "month": period.Month, "monthly": period.Month,
	"quarter": period.Quarter, "quarterly": period.Quarter, "year": period.Year, "yearly": period.Year, "annual": period.Year,
}

// mostDueDays bounds the days after a period until its file is due.
const mostDueDays = 366

// ParseExpectation reads STREAM, STREAM=CADENCE or STREAM=CADENCE:DAYS, where CADENCE is weekly, monthly, quarterly or
// yearly and DAYS is how many days after the end of the period the file is due, 10 when nothing is said.
func ParseExpectation(text string, extra ...fs.FS) (Expectation, error) {
	stream, rest, dated := strings.Cut(strings.TrimSpace(text), "=")
	streams, err := ingest.Streams(extra...)
	if err != nil {
		return Expectation{}, err
	}
	if !slices.Contains(streams, stream) {
		return Expectation{}, &Fault{Code: "receive.expect_stream", Args: map[string]any{"value": text, "streams": strings.Join(streams, ", ")}}
	}
	e := Expectation{Stream: stream}
	if !dated {
		return e, nil
	}
	word, days, given := strings.Cut(rest, ":")
	e.Cadence, e.DueDays = cadences[word], 10
	if given {
		if e.DueDays, err = strconv.Atoi(days); err != nil || e.DueDays < 0 || e.DueDays > mostDueDays {
			e.Cadence = 0
		}
	}
	if e.Cadence == 0 {
		return Expectation{}, &Fault{Code: "receive.expect_form", Args: map[string]any{"value": text}}
	}
	return e, nil
}

// CheckSender returns a *Fault when a name cannot be a sender's: it is a folder of the drop folder, too.
func CheckSender(name string) error {
	bad := name == "" || utf8.RuneCountInString(name) > 64 || !utf8.ValidString(name) || strings.TrimSpace(name) != name ||
		strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.HasPrefix(name, "-") || strings.ContainsAny(name, `/\:*?"<>|`) ||
		strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
	if bad {
		return &Fault{Code: "receive.sender_name", Args: map[string]any{"name": name}}
	}
	return nil
}

// Streams returns the names of the expected streams; nil when none is named and any may come.
func (p *Profile) Streams() []string {
	var names []string
	for _, e := range p.Expected {
		names = append(names, e.Stream)
	}
	return names
}

// Expects reports whether files of a stream are expected.
func (p *Profile) Expects(stream string) bool {
	return len(p.Expected) == 0 || slices.Contains(p.Streams(), stream)
}

// mappings returns the mappings of the profile, read once.
func (p *Profile) mappings() (map[string]*ingest.Mapping, error) {
	if p.readers != nil {
		return p.readers, nil
	}
	read := map[string]*ingest.Mapping{}
	for stream, text := range p.Mappings {
		m, err := ingest.ParseMapping([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("mapping of %s for %s: %w", p.Sender, stream, err)
		}
		read[stream] = m
	}
	p.readers = read
	return read, nil
}

// Delivery returns how files of the sender are loaded, of a stream or, when stream is empty, found by their headings.
func (p *Profile) Delivery(stream string) (ingest.Delivery, error) {
	mappings, err := p.mappings()
	d := ingest.Delivery{Sender: p.Sender, Stream: stream, Mappings: mappings, Encoding: p.Encoding}
	if len(p.Expected) > 0 && p.Refuse {
		d.Only = p.Streams()
	}
	return d, err
}

// profileRow is a row of ops_sender.
type profileRow struct {
	Sender     string            `ch:"sender"`
	At         time.Time         `ch:"at"`
	Contact    string            `ch:"contact"`
	Unexpected string            `ch:"unexpected"`
	Encoding   string            `ch:"encoding"`
	Streams    []string          `ch:"streams"`
	Cadences   []string          `ch:"cadences"`
	DueDays    []uint16          `ch:"due_days"`
	Mappings   map[string]string `ch:"mappings"`
	Since      time.Time         `ch:"since"`
	By         string            `ch:"by"`
}

// Profiles returns the profiles of all senders by name.
func Profiles(ctx context.Context, db *warehouse.DB) ([]Profile, error) {
	return profiles(ctx, db, "")
}

// FindProfile returns the profile of one sender, or ErrNoSender.
func FindProfile(ctx context.Context, db *warehouse.DB, sender string) (Profile, error) {
	found, err := profiles(ctx, db, sender)
	switch {
	case err != nil:
		return Profile{}, err
	case sender == "" || len(found) == 0:
		return Profile{}, fmt.Errorf("%w: %q", ErrNoSender, sender)
	}
	return found[0], nil
}

func profiles(ctx context.Context, db *warehouse.DB, sender string) ([]Profile, error) {
	var rows []profileRow
	if err := db.Select(ctx, &rows, "receive_profiles", clickhouse.Named("sender", sender)); err != nil {
		return nil, fmt.Errorf("read the senders: %w", err)
	}
	var all []Profile
	for _, row := range rows {
		p := Profile{
			Sender: row.Sender, Contact: row.Contact, Refuse: row.Unexpected == "refuse", Encoding: row.Encoding, Mappings: row.Mappings,
			Since: row.Since, ChangedAt: row.At, ChangedBy: row.By,
		}
		for i, stream := range row.Streams {
			p.Expected = append(p.Expected, Expectation{Stream: stream, Cadence: cadences[row.Cadences[i]], DueDays: int(row.DueDays[i])})
		}
		all = append(all, p)
	}
	return all, nil
}

// SetProfile records a new version of a profile.
func SetProfile(ctx context.Context, db *warehouse.DB, p Profile, now time.Time) error {
	return writeProfile(ctx, db, p, "active", now)
}

// RemoveProfile ends a sender: its tokens no longer count and nothing is expected of it. What it has sent stays.
func RemoveProfile(ctx context.Context, db *warehouse.DB, p Profile, now time.Time) error {
	return writeProfile(ctx, db, p, "removed", now)
}

func writeProfile(ctx context.Context, db *warehouse.DB, p Profile, state string, now time.Time) error {
	if err := CheckSender(p.Sender); err != nil {
		return err
	}
	if _, err := p.mappings(); err != nil {
		return err
	}
	unexpected := "note"
	if p.Refuse {
		unexpected = "refuse"
	}
	streams, kinds, days := []string{}, []string{}, []uint16{}
	for _, e := range p.Expected {
		kind := ""
		if e.Cadence != 0 {
			kind = e.Cadence.String()
		}
		streams, kinds, days = append(streams, e.Stream), append(kinds, kind), append(days, uint16(e.DueDays))
	}
	mappings := maps.Clone(p.Mappings)
	if mappings == nil {
		mappings = map[string]string{}
	}
	if !now.After(p.ChangedAt) {
		now = p.ChangedAt.Add(time.Millisecond)
	}
	err := insert(ctx, db, "ops_sender", []value{
		{"sender", p.Sender},
		{"at", now},
		{"state", state},
		{"contact", p.Contact},
		{"unexpected", unexpected},
		{"encoding", p.Encoding},
		{"streams", streams},
		{"cadences", kinds},
		{"due_days", days},
		{"mappings", mappings},
		{"since", p.Since},
		{"by", p.ChangedBy},
	})
	if err != nil {
		return fmt.Errorf("record the profile of %s: %w", p.Sender, err)
	}
	return nil
}

// value is one column of a row to be written.
type value struct {
	column string
	value  any
}

// insert writes one row.
func insert(ctx context.Context, db *warehouse.DB, table string, row []value) error {
	columns := make([]string, len(row))
	for i, v := range row {
		columns[i] = v.column
	}
	a, err := db.Append(ctx, table, columns)
	if err != nil {
		return err
	}
	defer a.Close()
	for i, v := range row {
		if err := a.Column(i).AppendRow(v.value); err != nil {
			return fmt.Errorf("column %s: %w", v.column, err)
		}
	}
	return a.Send()
}

// Fault is a mistake of a person whose sentence stands in the message catalogue.
type Fault struct {
	Code string
	Args map[string]any
}

// Error returns the fault in English, for logs.
func (f *Fault) Error() string { return fmt.Sprintf("%s %v", f.Code, f.Args) }

// Message returns the key of the sentence in the message catalogue and what it names.
func (f *Fault) Message() (key string, args map[string]any) { return f.Code, f.Args }

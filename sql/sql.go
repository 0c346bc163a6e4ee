// Package sql holds the text that defines the product: migrations, models, indicators, gap lists, rules, series, checks, queries
// and the reference code lists. Everything is embedded into the binary and can be read, in the same form,
// from any other file system.
//
// A definition is an SQL file that begins with comment lines of the form
//
//	-- key: value
//	--   more of the value
//
// and stays runnable by hand in any ClickHouse client, because the header is only comments.
package sql

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed all:migrations all:models all:indicators all:explain all:assessment all:gaps all:rules all:series all:checks all:queries all:reference
var embedded embed.FS

// ErrNoFile is returned when a file of the asked name does not exist.
var ErrNoFile = errors.New("no such SQL file")

// File is one SQL file with its header.
type File struct {
	Name   string            // base name without .sql, e.g. "exam_coverage"
	Kind   string            // folder it came from: migrations, models, indicators, explain, gaps, rules, series, checks or queries
	Path   string            // slash-separated path inside the file system, for messages
	Header map[string]string // values of the header by key, continuation lines joined by one space; never nil
	Body   string            // the whole text, header included, as it can be run
	Line   int               // 1-based number of the first line behind the header
}

// FS returns the embedded files, with one folder for each kind and "reference" for the code lists.
func FS() fs.FS { return embedded }

// Reference returns the embedded code lists, one CSV file each at its root.
func Reference() fs.FS {
	sub, err := ReferenceFS(embedded)
	if err != nil {
		panic(err) // the folder is embedded at build time
	}
	return sub
}

// ReferenceFS returns the code lists of fsys.
func ReferenceFS(fsys fs.FS) (fs.FS, error) { return fs.Sub(fsys, "reference") }

// Load reads all embedded files of a kind, sorted by name.
func Load(kind string) ([]File, error) { return LoadFS(embedded, kind) }

// LoadFS reads all .sql files in the folder kind of fsys, sorted by name. A folder that does not exist is an
// error, an empty one is not.
func LoadFS(fsys fs.FS, kind string) ([]File, error) {
	entries, err := fs.ReadDir(fsys, kind)
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", kind, err)
	}
	var files []File
	for _, entry := range entries {
		name, isSQL := strings.CutSuffix(entry.Name(), ".sql")
		if entry.IsDir() || !isSQL {
			continue
		}
		file, err := read(fsys, kind, name)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// Query returns the text of the embedded query of that name. The error wraps ErrNoFile when there is none.
func Query(name string) (string, error) { return QueryFS(embedded, name) }

// QueryFS returns the text of queries/name.sql in fsys. The error wraps ErrNoFile when there is none.
func QueryFS(fsys fs.FS, name string) (string, error) {
	file, err := read(fsys, "queries", name)
	return file.Body, err
}

func read(fsys fs.FS, kind, name string) (File, error) {
	p := path.Join(kind, name+".sql")
	if strings.ContainsAny(name, `/\`) || name == "" {
		return File{}, fmt.Errorf("read %s: %w", p, ErrNoFile)
	}
	text, err := fs.ReadFile(fsys, p)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, fmt.Errorf("read %s: %w", p, ErrNoFile)
	}
	if err != nil {
		return File{}, fmt.Errorf("read %s: %w", p, err)
	}
	file, err := Parse(string(text))
	if err != nil {
		return File{}, fmt.Errorf("read %s: %w", p, err)
	}
	file.Name, file.Kind, file.Path = name, kind, p
	return file, nil
}

var (
	headerLine       = regexp.MustCompile(`^-- ?([a-z][a-z0-9_]*):(?:\s+(.*))?$`)
	continuationLine = regexp.MustCompile(`^--\s{2,}(\S.*)$`)
)

// Parse splits off the header of text. The header ends before the first line that is not a comment; comment
// lines that are neither a key nor a continuation are allowed and carry no value. A key that occurs twice is
// an error. Name, Kind and Path of the result are empty.
func Parse(text string) (File, error) {
	header := map[string]string{}
	key, n := "", 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \t\r\n")
		if !strings.HasPrefix(line, "--") {
			break
		}
		n++
		if m := headerLine.FindStringSubmatch(line); m != nil {
			key = m[1]
			if _, twice := header[key]; twice {
				return File{}, fmt.Errorf("line %d: header key %q occurs twice", n, key)
			}
			header[key] = strings.TrimSpace(m[2])
			continue
		}
		if m := continuationLine.FindStringSubmatch(line); m != nil && key != "" {
			header[key] = strings.TrimSpace(header[key] + " " + m[1])
			continue
		}
		key = ""
	}
	return File{Header: header, Body: text, Line: n + 1}, nil
}

// Keys returns the keys of the header in alphabetical order.
func (f File) Keys() []string { return slices.Sorted(maps.Keys(f.Header)) }

package web

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"ohwatch/internal/message"
)

// bulletin is one file of the bulletins' folder.
type bulletin struct {
	Name     string // of the file
	Title    string // of the page; the file's name where it has none
	Written  time.Time
	Headline []headline // the sentences of its summary, most important first
}

// headline is one sentence of a summary.
type headline struct{ Head, Text string }

// headMost bounds what is read of a bulletin to find its title and summary, which stand before its tables.
const headMost = 1 << 20

// list returns the bulletins of a folder, newest period first, those in lang before others of the same period:
// names carry period and language, as in weekly-2026-W46.en.html. A folder that does not exist has none.
func list(dir string, lang message.Lang) ([]bulletin, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list bulletins: %w", err)
	}
	var all []bulletin
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !isBulletin(entry.Name()) {
			continue
		}
		b, err := open(dir, entry.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // replaced meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b bulletin) int {
		aPeriod, aLang := parts(a.Name)
		bPeriod, bLang := parts(b.Name)
		if aPeriod == bPeriod && aLang != bLang {
			return map[bool]int{true: -1, false: 1}[aLang == lang]
		}
		return cmp.Or(strings.Compare(bPeriod, aPeriod), strings.Compare(a.Name, b.Name))
	})
	return all, nil
}

// isBulletin reports whether a file of that name is shown. Names that begin with a dot are being written.
func isBulletin(name string) bool {
	return strings.EqualFold(filepath.Ext(name), ".html") && !strings.HasPrefix(name, ".") && filepath.Base(name) == name
}

// parts returns the period, from the first digit on, and the language of a bulletin's name.
func parts(name string) (period string, lang message.Lang) {
	stem := strings.TrimSuffix(name, filepath.Ext(name))
	stem, isEnglish := strings.CutSuffix(stem, "."+string(message.English))
	lang = message.Chinese
	if isEnglish {
		lang = message.English
	}
	return stem[strings.IndexFunc(stem+"0", isDigit):], lang
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func open(dir, name string) (bulletin, error) {
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return bulletin{}, fmt.Errorf("open bulletin: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return bulletin{}, fmt.Errorf("open bulletin: %w", err)
	}
	b := bulletin{Name: name, Written: info.ModTime()}
	b.Title, b.Headline = summary(io.LimitReader(file, headMost))
	b.Title = cmp.Or(b.Title, name)
	return b, nil
}

// summary reads the title of a page and the items of its section of class "summary": a strong head and a
// paragraph each.
func summary(r io.Reader) (title string, items []headline) {
	z := html.NewTokenizer(r)
	inside := false
	var target *string
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return strings.TrimSpace(title), items
		case html.StartTagToken:
			token := z.Token()
			switch {
			case token.Data == "title" && title == "":
				target = &title
			case token.Data == "section" && hasClass(token, "summary"):
				inside = true
			case inside && token.Data == "li":
				items = append(items, headline{})
			case inside && token.Data == "strong" && len(items) > 0:
				target = &items[len(items)-1].Head
			case inside && token.Data == "p" && len(items) > 0:
				target = &items[len(items)-1].Text
			}
		case html.TextToken:
			if target != nil {
				*target += string(z.Text())
			}
		case html.EndTagToken:
			switch token := z.Token(); token.Data {
			case "title", "strong", "p":
				target = nil
			case "section":
				if inside {
					return strings.TrimSpace(title), items
				}
			}
		}
	}
}

func hasClass(token html.Token, class string) bool {
	for _, a := range token.Attr {
		if a.Key == "class" && slices.Contains(strings.Fields(a.Val), class) {
			return true
		}
	}
	return false
}

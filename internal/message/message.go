// Package message holds every sentence that a person sees, Chinese first with English beside it.
//
// The catalogue is a set of YAML files, one per area of the program. A key is the area, a dot and a
// name in lower case with underscores; a text may hold placeholders in braces:
//
//	ingest.out_of_range:
//	  zh: "{column}的值 {value} 超出范围（{min}～{max}）"
//	  en: "{column}: {value} is outside {min} to {max}"
package message

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"sort"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var files embed.FS

// Lang is a language of the catalogue.
type Lang string

// The languages of the catalogue.
const (
	Chinese Lang = "zh"
	English Lang = "en"
)

// ParseLang returns the language named by s.
func ParseLang(s string) (Lang, error) {
	switch l := Lang(s); l {
	case Chinese, English:
		return l, nil
	}
	return "", fmt.Errorf("language %q: want zh or en", s)
}

// Text is one entry of the catalogue.
type Text struct {
	Zh string `yaml:"zh"`
	En string `yaml:"en"`
}

// In returns the text in one language.
func (t Text) In(lang Lang) string {
	if lang == English {
		return t.En
	}
	return t.Zh
}

// Catalogue is the set of all texts. It is read-only after loading and safe for concurrent use.
type Catalogue struct {
	texts map[string]Text
}

// Load reads the catalogue that is part of the program.
func Load() (*Catalogue, error) { return LoadFS(files) }

// LoadFS reads every *.yaml file at the root of fsys. A key that stands in two files is an error.
func LoadFS(fsys fs.FS) (*Catalogue, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list message files: %w", err)
	}
	c := &Catalogue{texts: make(map[string]Text)}
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read messages %s: %w", name, err)
		}
		var entries map[string]Text
		if err := yaml.UnmarshalWithOptions(data, &entries, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read messages %s: %w", name, err)
		}
		for key, text := range entries {
			if _, ok := c.texts[key]; ok {
				return nil, fmt.Errorf("read messages %s: key %s stands in two files", name, key)
			}
			c.texts[key] = text
		}
	}
	return c, nil
}

// Lookup returns the entry of a key.
func (c *Catalogue) Lookup(key string) (Text, bool) {
	t, ok := c.texts[key]
	return t, ok
}

// Keys returns all keys in order.
func (c *Catalogue) Keys() []string {
	keys := make([]string, 0, len(c.texts))
	for key := range c.texts {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// With returns a catalogue with more texts, which stand above those of the same key.
func (c *Catalogue) With(more map[string]Text) *Catalogue {
	texts := maps.Clone(c.texts)
	maps.Copy(texts, more)
	return &Catalogue{texts: texts}
}

// Check returns an error when a language is missing or the placeholders differ between the two.
func (t Text) Check() error {
	if strings.TrimSpace(t.Zh) == "" || strings.TrimSpace(t.En) == "" {
		return errors.New("a language is missing")
	}
	if zh, en := names(t.Zh), names(t.En); zh != en {
		return fmt.Errorf("placeholders differ: zh has %s, en has %s", zh, en)
	}
	return nil
}

// Check returns an error that lists every entry without one of its languages or with placeholders
// that differ between the two.
func (c *Catalogue) Check() error {
	var errs []error
	for _, key := range c.Keys() {
		if err := c.texts[key].Check(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	return errors.Join(errs...)
}

// Printer returns the texts of one language.
func (c *Catalogue) Printer(lang Lang) *Printer { return &Printer{catalogue: c, lang: lang} }

// Printer fills texts of one language. It is safe for concurrent use.
type Printer struct {
	catalogue *Catalogue
	lang      Lang
}

// Lang returns the printer's language.
func (p *Printer) Lang() Lang { return p.lang }

// Text returns the text of a key with its placeholders filled from args. A key that is not in the
// catalogue comes back in brackets, a placeholder without an argument stays as it is: both are visible
// faults, never a crash.
func (p *Printer) Text(key string, args map[string]any) string {
	t, ok := p.catalogue.texts[key]
	if !ok {
		return "[" + key + "]"
	}
	return Fill(t.In(p.lang), args)
}

// Fill replaces each {name} of text with args[name].
func Fill(text string, args map[string]any) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		if v, ok := args[m[1:len(m)-1]]; ok {
			return fmt.Sprint(v)
		}
		return m
	})
}

var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)

func names(text string) string {
	found := placeholder.FindAllString(text, -1)
	sort.Strings(found)
	unique := found[:0]
	for i, name := range found {
		if i == 0 || name != found[i-1] {
			unique = append(unique, name)
		}
	}
	return strings.Join(unique, " ")
}

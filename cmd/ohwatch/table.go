package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// printTable prints rows below a head, columns aligned by the width that characters have on a terminal.
func printTable(w io.Writer, head []string, rows [][]string) error {
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], uniseg.StringWidth(oneLine(cell)))
		}
	}
	for _, row := range append([][]string{head}, rows...) {
		var line strings.Builder
		for i, cell := range row {
			cell = oneLine(cell)
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2))
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return fmt.Errorf("print table: %w", err)
		}
	}
	return nil
}

// oneLine makes text safe for one line of a terminal: line breaks and control characters become spaces.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}

// saidError is a fault whose sentence stands in the message catalogue.
type saidError struct {
	key  string
	args map[string]any
}

// Error returns the key and what the sentence names, for logs.
func (e *saidError) Error() string { return fmt.Sprintf("%s %v", e.key, e.args) }

// Message returns the key of the sentence in the message catalogue and what it names.
func (e *saidError) Message() (key string, args map[string]any) { return e.key, e.args }

package export

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// RefusedError says why a text is not taken as a read-only query.
type RefusedError struct {
	Code string // of the message catalogue
	Word string // the word that is not taken, may be empty
}

// Error returns the fault in English, for logs.
func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Word) }

// Message returns the key of the sentence in the message catalogue and what it names.
func (e *RefusedError) Message() (key string, args map[string]any) {
	return e.Code, map[string]any{"word": e.Word}
}

// readingWords are the words with which a statement that only reads begins.
var readingWords = []string{"SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "FROM", "VALUES"}

// outsideFunctions are table functions that reach files, networks, other servers or programs. On the embedded
// engine its read-only user may not call them either; on a server that depends on the user.
var outsideFunctions = []string{
	"file", "filecluster", "url", "urlcluster", "s3", "s3cluster", "gcs", "oss", "cosn", "hdfs", "hdfscluster",
	"azureblobstorage", "azureblobstoragecluster", "remote", "remotesecure", "cluster", "clusterallreplicas",
	"mysql", "postgresql", "sqlite", "mongodb", "redis", "odbc", "jdbc", "executable", "executablepool", "input", "infile",
	"deltalake", "deltalakes3", "deltalakeazure", "deltalakelocal", "deltalakecluster", "hudi", "hudicluster",
	"iceberg", "icebergs3", "icebergazure", "iceberghdfs", "iceberglocal", "icebergcluster", "icebergs3cluster",
	"paimon", "paimons3", "paimonlocal", "ytsaurus", "kafka", "nats", "rabbitmq", "arrowflight", "catboostevaluate", "python",
}

// CheckQuery returns nil when text is one statement that only reads, and a *RefusedError otherwise. It is the
// first of two gates: the engine runs the statement as a user who cannot write.
func CheckQuery(text string) error {
	words, err := split(text)
	if err != nil {
		return err
	}
	first := slices.IndexFunc(words, func(w word) bool { return w.kind != symbol || w.text != "(" })
	if first < 0 {
		return &RefusedError{Code: "export.empty_query"}
	}
	if w := words[first]; w.kind != bare || !slices.Contains(readingWords, strings.ToUpper(w.text)) {
		return &RefusedError{Code: "export.not_reading", Word: w.text}
	}
	if i := slices.IndexFunc(words, func(w word) bool { return w.kind == symbol && w.text == ";" }); i >= 0 && i < len(words)-1 {
		return &RefusedError{Code: "export.two_statements"}
	}
	for i, w := range words {
		upper := strings.ToUpper(w.text)
		if w.kind == bare && (upper == "OUTFILE" || upper == "FORMAT" && i+1 < len(words) && words[i+1].kind == bare) {
			return &RefusedError{Code: "export.no_format", Word: upper}
		}
		if w.kind == bare && upper == "INSERT" && i+1 < len(words) && strings.EqualFold(words[i+1].text, "INTO") {
			return &RefusedError{Code: "export.not_reading", Word: w.text}
		}
	}
	return checkFunctions(words)
}

// clauseWords end an expression: with them a condition would grow into another clause or query.
var clauseWords = []string{
	"SELECT", "UNION", "INTERSECT", "EXCEPT", "SETTINGS", "FORMAT", "OUTFILE", "LIMIT", "OFFSET", "ORDER", "GROUP", "HAVING",
	"FROM", "JOIN", "WHERE", "PREWHERE", "WITH", "WINDOW", "QUALIFY",
}

// CheckCondition returns nil when text is one condition over the columns of a table, as it stands behind
// WHERE, and a *RefusedError otherwise.
func CheckCondition(text string) error {
	words, err := split(text)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return &RefusedError{Code: "export.empty_query"}
	}
	depth := 0
	for i, w := range words {
		switch {
		case w.kind == symbol && w.text == ";":
			return &RefusedError{Code: "export.two_statements"}
		case w.kind == symbol && strings.Contains("([{", w.text):
			depth++
		case w.kind == symbol && strings.Contains(")]}", w.text):
			if depth--; depth < 0 {
				return &RefusedError{Code: "export.not_a_condition", Word: w.text}
			}
		case w.kind == bare && slices.Contains(clauseWords, strings.ToUpper(w.text)) && !isDotted(words, i):
			return &RefusedError{Code: "export.not_a_condition", Word: w.text}
		}
	}
	if depth != 0 {
		return &RefusedError{Code: "export.not_a_condition", Word: "("}
	}
	return checkFunctions(words)
}

// isDotted reports whether word i is the second part of a name.
func isDotted(words []word, i int) bool {
	return i > 0 && words[i-1].kind == symbol && words[i-1].text == "."
}

func checkFunctions(words []word) error {
	for i, w := range words {
		if w.kind == symbol || i+1 >= len(words) || words[i+1].text != "(" {
			continue
		}
		if slices.Contains(outsideFunctions, strings.ToLower(w.text)) {
			return &RefusedError{Code: "export.outside", Word: w.text}
		}
	}
	return nil
}

type wordKind int

const (
	bare   wordKind = iota // keyword, name or number
	quoted                 // name in quotes
	text                   // string
	symbol
)

type word struct {
	kind wordKind
	text string // of a quoted name without its quotes
}

// split cuts SQL into its words, comments left out. A string, name or comment without an end is an error.
func split(sql string) ([]word, error) {
	var words []word
	for i := 0; i < len(sql); {
		r, size := utf8.DecodeRuneInString(sql[i:])
		rest := sql[i:]
		switch {
		case unicode.IsSpace(r) || r == '\ufeff':
			i += size
		case r == 0:
			return nil, &RefusedError{Code: "export.not_a_query", Word: "NUL"}
		case strings.ContainsRune("‘’“”", r):
			// The engine takes them for quotes in some places only.
			return nil, &RefusedError{Code: "export.not_a_query", Word: string(r)}
		case strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "#!") || strings.HasPrefix(rest, "# "):
			end := strings.IndexByte(rest, '\n')
			if end < 0 {
				return words, nil
			}
			i += end
		case strings.HasPrefix(rest, "/*"):
			n, ok := commentLength(rest)
			if !ok {
				return nil, &RefusedError{Code: "export.not_a_query", Word: "/*"}
			}
			i += n
		case r == '\'' || r == '"' || r == '`':
			n, inner, ok := quotedLength(rest)
			if !ok {
				return nil, &RefusedError{Code: "export.not_a_query", Word: string(r)}
			}
			kind := quoted
			if r == '\'' {
				kind = text
			} else if strings.Contains(inner, `\`) {
				// An escape could spell a name that is not allowed.
				return nil, &RefusedError{Code: "export.not_a_query", Word: inner}
			}
			words = append(words, word{kind, inner})
			i += n
		case r == '$' && heredocLength(rest) > 0:
			words = append(words, word{text, ""})
			i += heredocLength(rest)
		case isNameRune(r):
			n := strings.IndexFunc(rest, func(r rune) bool { return !isNameRune(r) })
			if n < 0 {
				n = len(rest)
			}
			words = append(words, word{bare, rest[:n]})
			i += n
		default:
			words = append(words, word{symbol, rest[:size]})
			i += size
		}
	}
	return words, nil
}

func isNameRune(r rune) bool {
	return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// commentLength returns the length of the comment at the beginning of s. The engine nests comments.
func commentLength(s string) (int, bool) {
	depth := 0
	for i := 0; i+1 < len(s); {
		switch s[i : i+2] {
		case "/*":
			depth++
			i += 2
		case "*/":
			i += 2
			if depth--; depth == 0 {
				return i, true
			}
		default:
			i++
		}
	}
	return 0, false
}

// quotedLength returns the length of the quoted text at the beginning of s and what is inside.
func quotedLength(s string) (n int, inner string, ok bool) {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1, s[1:i], true
		}
	}
	return 0, "", false
}

// heredocLength returns the length of the $tag$…$tag$ text at the beginning of s, 0 if there is none.
func heredocLength(s string) int {
	end := strings.IndexByte(s[1:], '$')
	if end < 0 {
		return 0
	}
	tag := s[:end+2]
	if strings.ContainsFunc(tag[1:len(tag)-1], func(r rune) bool { return r == '$' || !isNameRune(r) }) {
		return 0
	}
	closing := strings.Index(s[len(tag):], tag)
	if closing < 0 {
		return 0
	}
	return len(tag) + closing + len(tag)
}

package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// source says where the value of a key comes from: FILE:LINE:COLUMN or the name of a variable.
type source map[string]string

// readYAML sets what the text of cfg.File says and returns where each key stands. A section that is written
// without keys keeps its defaults.
func (c *Config) readYAML(text []byte) (source, error) {
	sources := source{}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, c.syntax(err)
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return nil, c.at(doc.Body, "config.syntax", map[string]string{"error": "a second document"})
		}
		body = doc.Body
	}
	var errs []error
	c.walk(body, nil, sources, &errs)
	return sources, errors.Join(errs...)
}

func (c *Config) syntax(err error) error {
	detail, where := err.Error(), c.File
	var fault yaml.Error
	if errors.As(err, &fault) {
		detail = fault.GetMessage()
		where = c.position(fault.GetToken())
	}
	return &Error{Code: "config.syntax", Args: map[string]string{"where": where, "error": detail}}
}

func (c *Config) position(t *token.Token) string {
	if t == nil || t.Position == nil {
		return c.File
	}
	return fmt.Sprintf("%s:%d:%d", c.File, t.Position.Line, t.Position.Column)
}

func (c *Config) at(node ast.Node, code string, args map[string]string) error {
	args["where"] = c.position(node.GetToken())
	return &Error{Code: code, Args: args}
}

// walk sets the leaves below node, which stands at path.
func (c *Config) walk(node ast.Node, path []string, sources source, errs *[]error) {
	var pairs []*ast.MappingValueNode
	switch n := node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		*errs = append(*errs, c.at(node, "config.not_a_section", map[string]string{"key": keyName(path)}))
		return
	}
	for _, pair := range pairs {
		name, ok := scalar(pair.Key)
		at := append(path[:len(path):len(path)], name)
		if !ok || strings.Contains(name, ".") {
			*errs = append(*errs, c.at(pair.Key, "config.unknown_key", map[string]string{"key": keyName(at)}))
			continue
		}
		if _, twice := sources[keyName(at)]; twice {
			*errs = append(*errs, c.at(pair.Key, "config.key_twice", map[string]string{"key": keyName(at)}))
			continue
		}
		sources[keyName(at)] = c.position(pair.Key.GetToken())
		switch c.kind(at) {
		case unknownKey:
			*errs = append(*errs, c.at(pair.Key, "config.unknown_key", map[string]string{"key": keyName(at)}))
		case sectionKey:
			c.walk(pair.Value, at, sources, errs)
		case leafKey:
			text, ok := scalar(pair.Value)
			want, fits := "", false
			if ok {
				want, fits = c.set(at, text)
			}
			sources[keyName(at)] = c.position(pair.Value.GetToken())
			if !ok {
				*errs = append(*errs, c.at(pair.Value, "config.not_a_value", map[string]string{"key": keyName(at)}))
			} else if !fits {
				*errs = append(*errs, c.at(pair.Value, "config.invalid",
					map[string]string{"key": keyName(at), "value": text, "want": want}))
			}
		}
	}
}

// scalar returns the text of a node that is neither a list nor a section; null is the empty text.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.NullNode:
		return "", true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// readEnvironment sets every key for which there is a variable.
func (c *Config) readEnvironment(env func(string) string, sources source) error {
	var errs []error
	for _, path := range c.leaves() {
		variable := Variable(path...)
		text := env(variable)
		if text == "" {
			continue
		}
		sources[keyName(path)] = variable
		if want, fits := c.set(path, text); !fits {
			errs = append(errs, &Error{Code: "config.invalid", Args: map[string]string{
				"where": variable, "key": keyName(path), "value": text, "want": want,
			}})
		}
	}
	return errors.Join(errs...)
}

// Variable returns the name of the environment variable that overrides the key at path.
func Variable(path ...string) string {
	name := strings.ToUpper("OHWATCH_" + strings.Join(path, "_"))
	return strings.ReplaceAll(name, "-", "_")
}

func keyName(path []string) string { return strings.Join(path, ".") }

type keyKind int

const (
	unknownKey keyKind = iota
	sectionKey
	leafKey
)

// kind says what the key at path is.
func (c *Config) kind(path []string) keyKind {
	t := reflect.TypeFor[Config]()
	for _, name := range path {
		switch t.Kind() {
		case reflect.Map:
			t = t.Elem()
		case reflect.Struct:
			f, ok := field(reflect.Zero(t), []string{name})
			if !ok {
				return unknownKey
			}
			t = f.Type()
		default:
			return unknownKey
		}
	}
	if t.Kind() == reflect.Struct || t.Kind() == reflect.Map {
		return sectionKey
	}
	return leafKey
}

// set gives the leaf at path the value that text says. When the text does not fit, want is the key of what would.
func (c *Config) set(path []string, text string) (want string, fits bool) {
	return assign(reflect.ValueOf(c).Elem(), path, path, text)
}

// assign gives the leaf that rest leads to from v the value that text says. What a map does not hold yet begins with its defaults.
func assign(v reflect.Value, path, rest []string, text string) (want string, fits bool) {
	switch {
	case len(rest) == 0:
		return setField(v, path, text)
	case v.Kind() != reflect.Map:
		inner, _ := field(v, rest[:1])
		return assign(inner, path, rest[1:], text)
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	name, value := reflect.ValueOf(rest[0]), reflect.New(v.Type().Elem()).Elem()
	if known := v.MapIndex(name); known.IsValid() {
		value.Set(known)
	} else if fetch, ok := value.Addr().Interface().(*Fetch); ok {
		*fetch = defaultFetch()
	}
	want, fits = assign(value, path, rest[1:], text)
	v.SetMapIndex(name, value)
	return want, fits
}

// setField gives a field the value that text says.
func setField(target reflect.Value, path []string, text string) (want string, fits bool) {
	switch p := target.Addr().Interface().(type) {
	case *string:
		*p = text
		return "", true
	case *bool:
		v, err := strconv.ParseBool(text)
		*p = v
		return "true / false", err == nil
	case *int:
		v, err := strconv.Atoi(text)
		*p = v
		return "0, 1, 2 …", err == nil
	case *Size:
		v, err := ParseSize(text)
		*p = v
		return "2GiB, 512MiB", err == nil
	}
	panic(fmt.Sprintf("config: key %s has the unhandled type %s", keyName(path), target.Type()))
}

// inlineTag marks a struct whose fields count as those of the struct that holds it.
const inlineTag = ",inline"

// field returns the field of the struct v that path leads to.
func field(v reflect.Value, path []string) (reflect.Value, bool) {
	for _, name := range path {
		if v.Kind() != reflect.Struct {
			return v, false
		}
		found := false
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag.Get("yaml")
			if tag == name && tag != "-" {
				v, found = v.Field(i), true
				break
			}
			if tag == inlineTag {
				if inner, ok := field(v.Field(i), []string{name}); ok {
					v, found = inner, true
					break
				}
			}
		}
		if !found {
			return v, false
		}
	}
	return v, true
}

// leaves returns the path of every key that holds a value, those of the maps that the file names included.
func (c *Config) leaves() [][]string {
	var paths [][]string
	var descend func(v reflect.Value, path []string)
	descend = func(v reflect.Value, path []string) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				switch tag := v.Type().Field(i).Tag.Get("yaml"); tag {
				case "-":
				case inlineTag:
					descend(v.Field(i), path)
				default:
					descend(v.Field(i), append(path[:len(path):len(path)], tag))
				}
			}
		case reflect.Map:
			for _, name := range v.MapKeys() {
				descend(v.MapIndex(name), append(path[:len(path):len(path)], name.String()))
			}
		default:
			paths = append(paths, path)
		}
	}
	descend(reflect.ValueOf(c).Elem(), nil)
	return paths
}

package scenarios

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"text/template"
	"unicode/utf8"
)

// A ConfigFile is a server's configuration as it was found.
type ConfigFile struct {
	Name  string // as the scenario names it
	Label string // to report it by
	Text  []byte

	// OnDisk says that Label is a path on this machine: what lies beside it can
	// be read.
	OnDisk bool

	parsed atomic.Pointer[template.Template] // nil: not yet
}

// OwnTemplate is a template that comes with the lab.
func OwnTemplate(name string, text []byte) *ConfigFile {
	return &ConfigFile{Name: name, Label: name, Text: text}
}

// IsTemplate tells a template of the lab's from a configuration of the user's
// own.
func (c *ConfigFile) IsTemplate() bool { return strings.HasSuffix(c.Name, ".tmpl") }

// OwnConfig says that the proxy's configuration is the user's and no template:
// the lab puts in addresses only.
func (v Variant) OwnConfig() bool { return v.ProxyFile != nil && !v.ProxyFile.IsTemplate() }

// Render executes the file as a template over the fields of data. The error of
// a mistake in it is an *Error with its place.
func (c *ConfigFile) Render(data any, functions template.FuncMap) ([]byte, error) {
	t, err := c.template(functions)
	var b bytes.Buffer
	if err == nil {
		err = t.Execute(&b, data)
	}
	if err != nil {
		return nil, c.templateError(err, data, functions)
	}
	return b.Bytes(), nil
}

// template is the file as a template, which is parsed once: a lab's own is rendered for every
// variant of every scenario.
func (c *ConfigFile) template(functions template.FuncMap) (*template.Template, error) {
	if t := c.parsed.Load(); t != nil {
		t, err := t.Clone() // its functions may be others
		if err != nil {
			return nil, err
		}
		return t.Funcs(functions), nil
	}
	t, err := template.New("t").Funcs(functions).Parse(string(c.Text))
	if err == nil {
		c.parsed.Store(t)
	}
	return t, err
}

// Mistake is an error at an offset of the file.
func (c *ConfigFile) Mistake(offset int, msg, hint string) *Error {
	before := string(c.Text[:offset])
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return position{newSource(c.Label, c.Text), 1 + strings.Count(before, "\n"), column}.error(msg, hint)
}

var (
	templateErrorRE   = regexp.MustCompile(`(?s)^template: t:(\d+)(?::(\d+))?: (?:executing "t" at (<.*?>): )?(.*)$`)
	unknownFieldRE    = regexp.MustCompile(`can't evaluate field (\w+) in type `)
	unknownFunctionRE = regexp.MustCompile(`function "(\w+)" not defined`)
)

// templateError finds the place in text/template's message; a parse error has
// no column, so the name it complains of is looked up in the line.
func (c *ConfigFile) templateError(err error, data any, functions template.FuncMap) *Error {
	m := templateErrorRE.FindStringSubmatch(err.Error())
	if m == nil {
		return c.Mistake(0, err.Error(), "")
	}
	line, _ := strconv.Atoi(m[1])
	column, _ := strconv.Atoi(m[2])
	pos := position{newSource(c.Label, c.Text), line, column + 1} // text/template counts columns from 0
	msg, hint := "in the template: "+m[4], ""
	if u := unknownFieldRE.FindStringSubmatch(m[4]); u != nil {
		pos.seek("." + u[1])
		msg, hint = fmt.Sprintf("unknown variable .%s in the template", u[1]), didYouMean(u[1], variables(data))
	}
	if u := unknownFunctionRE.FindStringSubmatch(m[4]); u != nil {
		pos.seek(u[1])
		msg, hint = fmt.Sprintf("unknown function %s in the template", u[1]), "a variable begins with a dot"
		if names := slices.Sorted(maps.Keys(functions)); len(names) > 0 {
			hint = "beside text/template's own there are: " + strings.Join(names, ", ") + "; " + hint
		}
	}
	if strings.Contains(m[4], "unexpected EOF") {
		hint = "an {{if}} or {{range}} has no {{end}}"
	}
	return pos.error(msg, hint)
}

// seek moves to the first mention of a word in the line.
func (p *position) seek(word string) {
	if p.line <= len(p.src.lines) {
		if before, _, ok := strings.Cut(p.src.lines[p.line-1], word); ok {
			p.column = len([]rune(before)) + 1
		}
	}
}

// variables lists the names that a template can use.
func variables(data any) []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(data)) {
		if !f.Anonymous {
			names = append(names, f.Name)
		}
	}
	return names
}

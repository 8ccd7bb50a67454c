package lint

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/lab99/lab99/scenarios/finding"
	"github.com/lab99/lab99/scenarios/haproxyconf"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// Schema is the version of Report as JSON.
const Schema = "lab99/lint/v1"

// page is where the lessons are read; the id is the fragment.
const page = "https://github.com/lab99/lab99/blob/main/docs/lint.md"

// Docs is the address of the lesson about a finding's id.
func Docs(id string) string { return page + "#" + id }

// Report is what is said of one configuration. Its JSON is what `lab99 lint
// --json` prints.
type Report struct {
	Schema string  `json:"schema"`
	File   string  `json:"file"`           // the main file, as it was named
	Kind   string  `json:"kind,omitempty"` // of proxy: haproxy; empty: nginx
	Nginx  *string `json:"nginx"`          // the release that it is read for; null: unknown
	// The context that the file is a part of: http, stream, server, location.
	Fragment string    `json:"fragment,omitempty"`
	Files    []string  `json:"files"` // all that were read, the main file first
	Routes   []Route   `json:"routes"`
	Findings []Finding `json:"findings"`
	Error    *Mistake  `json:"error,omitempty"` // why the file could not be read; routes and findings are then empty

	config  *nginxconf.Config
	haproxy *haproxyconf.Config // of that kind, instead of config
}

// Route is a route of the file.
type Route struct {
	nginxconf.Row
	Sources int `json:"sources"` // source addresses, by proxy_bind; 1 where the kernel chooses
	Tries   int `json:"tries"`   // connect() calls before a request fails, while all peers are up

	// Newer is the same route from 1.29.7 on, where the release is unknown and the
	// answers differ.
	Newer *nginxconf.Row `json:"newer,omitempty"`

	HAProxy *HAProxy `json:"haproxy,omitempty"` // of a backend of HAProxy's: what only it has
}

// Finding is a finding with its lesson.
type Finding struct {
	finding.Finding
	Docs string `json:"docs"`
}

// New looks at a configuration that was read as the file name.
func New(name string, c *nginxconf.Config, release nginxconf.Release) *Report {
	return report(name, c, release, c.Findings(release))
}

func report(name string, c *nginxconf.Config, release nginxconf.Release, findings []nginxconf.Finding) *Report {
	r := &Report{
		Schema: Schema, File: name, Fragment: c.Fragment, config: c,
		Files: []string{}, Routes: []Route{}, Findings: []Finding{},
	}
	if release.Known() {
		r.Nginx = new(release.String())
	}
	for _, t := range c.Files {
		r.Files = append(r.Files, t.Name)
	}
	for _, x := range c.Routes(release) {
		r.Routes = append(r.Routes, routeOf(x))
	}
	for _, f := range findings {
		r.Findings = append(r.Findings, Finding{Finding: f.Finding, Docs: Docs(f.ID)})
	}
	return r
}

func routeOf(x *nginxconf.Route) Route {
	r := Route{Row: x.Row(), Sources: x.Bind.Sources(), Tries: x.Retry.PerFailure}
	if x.Newer != nil {
		r.Newer = new(x.Newer.Row())
	}
	return r
}

// Rows are routes as a report has them.
func Rows(routes []*nginxconf.Route) []Route {
	var all []Route
	for _, x := range routes {
		all = append(all, routeOf(x))
	}
	return all
}

// Config is the configuration that was read; nil where it could not be, and of a report
// that was read from JSON.
func (r *Report) Config() *nginxconf.Config { return r.config }

// Failed says whether something at warning or above was found.
func (r *Report) Failed() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level != nginxconf.Note })
}

// Mistake is why a configuration cannot be read. Line and Column are 0 where it
// is not about a place in a file.
type Mistake struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"` // in bytes, from 1
	Text   string `json:"text"`

	line string // the text of the line
}

// MistakeOf is what an error of nginxconf.Load or haproxyconf.Parse says of the file
// name. texts are the files that were opened, by path.
func MistakeOf(name string, err error, texts map[string][]byte) *Mistake {
	var s *nginxconf.SyntaxError
	if h := new(haproxyconf.SyntaxError); errors.As(err, &h) {
		s = &nginxconf.SyntaxError{File: h.File, Line: h.Line, Column: h.Column, Msg: h.Msg, Want: h.Want}
	}
	if s != nil || errors.As(err, &s) {
		m := &Mistake{File: s.File, Line: s.Line, Column: s.Column, Text: s.Msg}
		if s.Want != "" {
			m.Text += "; expected " + s.Want
		}
		if s.Hint != "" {
			m.Text += "; " + s.Hint
		}
		lines := strings.Split(string(texts[s.File]), "\n")
		if s.Line <= len(lines) {
			m.line = strings.TrimSuffix(lines[s.Line-1], "\r")
		}
		return m
	}
	m := &Mistake{File: name, Text: err.Error()}
	if p := new(fs.PathError); errors.As(err, &p) {
		m.Text = p.Err.Error()
	}
	return m
}

// Unread is the report of a file that could not be read.
func Unread(m *Mistake, name string, release nginxconf.Release) *Report {
	r := &Report{
		Schema: Schema, File: name, Error: m,
		Files: []string{}, Routes: []Route{}, Findings: []Finding{},
	}
	if release.Known() {
		r.Nginx = new(release.String())
	}
	return r
}

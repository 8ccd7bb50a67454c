// Package uwsgi is uWSGI behind nginx: its configuration, what it says of itself and of
// its limits, and its image.
//
// No application runs in it: its router answers each request with a page of 1 KB and the
// page's length. For the ports it is the protocol that matters, which is uWSGI's own whatever
// makes the reply: one request a connection, and uWSGI closes after its last byte. So its image
// needs no interpreter. A test holds a WSGI application to the same, where uWSGI's plugin for
// Python is installed; backend.config may name one.
package uwsgi

import (
	"bytes"
	_ "embed"
	"path"
	"regexp"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is uWSGI as a backend.
type Kind struct{}

// There is no official image.
func init() { proxy.RegisterBackend(Kind{}, ownTemplate, "uwsgi:2.0") }

//go:embed uwsgi.ini.tmpl
var templateText []byte

var ownTemplate = scenarios.OwnTemplate("uwsgi.ini.tmpl", templateText)

// confFile is its configuration, in the host and among the results.
const confFile = "uwsgi.ini"

// page is what it serves: 1 KB, like the pages of the other backends.
var page = append(bytes.Repeat([]byte("lab99 "), 170), "\nok\n"...)

// Name is the word for it in scenario files.
func (Kind) Name() string { return "uwsgi" }

// Title is how people call it.
func (Kind) Title() string { return "uWSGI" }

// Speaks is what it understands.
func (Kind) Speaks() string { return "uwsgi" }

// Processes are called after the program, which Debian names after its package.
func (Kind) Processes() []string { return programs }

// processes is how many it has: all of them wake for each connection, and take processors
// from nginx meanwhile. On one busy machine f was 0.06 to 0.18 with one, 0.03 to 0.11 with two
// and 0.03 to 0.04 with four, with which error 99 may take longer than a load lasts.
const processes = 1

// data is what a template can name.
type data struct {
	proxy.Site
	proxy.Asked
	Processes int
}

// Configure renders the template.
func (Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	at = proxy.BackendAt(at)
	d := data{Site: at, Asked: proxy.AskedOf(v), Processes: processes}
	if n := v.Backend.MaxWorkers; n > 0 {
		d.Processes = n
	}
	text, err := proxy.RenderBackend(ownTemplate, v, d)
	return proxy.Config{
		File: confFile, Text: text, More: map[string][]byte{path.Join(at.DocumentRoot, "index.html"): page},
		Command: []string{at.Program, "--ini", path.Join(at.Dir, confFile)},
	}, err
}

var versionRE = regexp.MustCompile(`(?m)^(\d+\.\d+(?:\.\d+)*)`)

// ReadBack asks for its version.
func (Kind) ReadBack(_ scenarios.Variant, c proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("--version")
	return proxy.Built(build, versionRE), err
}

// ReachedLimit is the line in which it says that its backlog is full. A scenario that sets
// backend.max_workers is about that.
func (Kind) ReachedLimit(v scenarios.Variant, printed string) string {
	for line := range strings.Lines(printed) {
		if strings.Contains(line, "listen queue of socket") && v.Backend.MaxWorkers == 0 {
			return strings.Trim(line, "* \n")
		}
	}
	return ""
}

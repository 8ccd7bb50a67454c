// Package ownfile puts the lab's addresses into configurations of the user's own.
//
// A kind of proxy reads the files in its own language, and says which bytes become what.
// What is the same for all kinds is here: the files beside the one that is named, edits and
// what is said of them, the backends of the file and those of the lab, and mistakes with
// their place.
package ownfile

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// Files are a configuration of the user's own: the file that is named and those that it
// includes.
type Files struct {
	Main  *File
	All   []*File
	Added map[string][]byte // more files of the lab's, by their path in the host
	site  proxy.Site
	usual []string // directories where packages have the configuration
	// destinations are the addresses of the file, in the order of the lab's.
	destinations []string
	includes     int
	included     map[string]included // by pattern
	shipped      map[string]*File    // by their path in the host
	notes        []string            // about no line
}

// A File is one of them.
type File struct {
	*scenarios.ConfigFile
	edits []edit
	notes []note
}

type edit struct {
	start, end int
	text       string
}

type note struct {
	at   int
	text string
}

// included is what a pattern brought in.
type included struct {
	all []*File
	to  string
}

// A Span is bytes of a file.
type Span struct {
	File       *File
	Start, End int
}

// New is the configuration of a variant at a site. usual are the directories where packages
// have the kind's configuration: what lies there lies beside the file, for a copy of it.
func New(v scenarios.Variant, at proxy.Site, usual ...string) *Files {
	main := &File{ConfigFile: v.ProxyFile}
	return &Files{
		Main: main, All: []*File{main}, Added: map[string][]byte{}, site: at, usual: usual,
		included: map[string]included{}, shipped: map[string]*File{},
	}
}

// The most that a configuration may include: files, and times in all.
const (
	maxFiles = 256
	maxTimes = 1024
)

// Include reads the files that a pattern names, beside the main one or below its directory,
// each once. to names them in the host, by a pattern where there may be several; or else why
// says why there are none.
func (f *Files) Include(at Span, pattern string) (all []*File, to, why string, err error) {
	if !f.Main.OnDisk {
		return nil, "", "files beside this configuration are not known", nil
	}
	if f.includes++; f.includes > maxTimes || len(f.All) > maxFiles {
		return nil, "", "", at.Mistake(fmt.Sprintf("more than %d files, or %d times one, are included",
			maxFiles, maxTimes),
			"a file may not include itself")
	}
	if i, ok := f.included[pattern]; ok {
		return i.all, i.to, "", nil
	}
	paths, err := filepath.Glob(f.beside(pattern))
	if err != nil {
		return nil, "", "", at.Mistake(fmt.Sprintf("%q is no pattern of file names", pattern), "such as conf.d/*.conf")
	}
	home := path.Join(f.site.Dir, fmt.Sprintf("included/%d", len(f.included)+1))
	for _, p := range paths {
		if !inside(filepath.Dir(f.Main.Label), p) {
			return nil, "", "files outside the configuration's directory are not read", nil
		}
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			continue
		}
		x, err := f.open(p)
		if err != nil {
			return nil, "", "", at.Mistake(fmt.Sprintf("cannot read %s: %v", p, err),
				"it is to be a file that can be read")
		}
		all = append(all, x)
		to = path.Join(home, fmt.Sprintf("%03d-%s", len(all), plain.ReplaceAllString(filepath.Base(p), "_")))
		f.shipped[to] = x
	}
	if len(all) == 0 {
		return nil, "", "there is no such file beside the configuration", nil
	}
	if strings.ContainsAny(pattern, "*?[") {
		to = home + "/*"
	}
	f.included[pattern] = included{all, to}
	return all, to, "", nil
}

// beside is where a pattern leads on this machine.
func (f *Files) beside(pattern string) string {
	dir := filepath.Dir(f.Main.Label)
	if !filepath.IsAbs(pattern) {
		return filepath.Join(dir, pattern)
	}
	for _, u := range f.usual {
		if rest, ok := strings.CutPrefix(filepath.Clean(pattern), u+"/"); ok && u != dir {
			return filepath.Join(dir, rest)
		}
	}
	return pattern
}

// open is a file that is included, read for the first time.
func (f *Files) open(p string) (*File, error) {
	if i := slices.IndexFunc(f.All, func(x *File) bool { return x.Label == p }); i >= 0 {
		return f.All[i], nil
	}
	text, err := nginxconf.ReadFile(p)
	if err != nil {
		return nil, err
	}
	x := &File{ConfigFile: &scenarios.ConfigFile{Name: p, Label: p, Text: text, OnDisk: true}}
	f.All = append(f.All, x)
	return x, nil
}

// plain is what the name of an included file may not have.
var plain = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// inside says whether a path leads to a file below a directory, by links as well.
func inside(dir, p string) bool {
	for _, resolve := range []func(string) (string, error){filepath.Abs, filepath.EvalSymlinks} {
		d, err1 := resolve(dir)
		x, err2 := resolve(p)
		if err1 != nil || err2 != nil {
			return false
		}
		if rel, err := filepath.Rel(d, x); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			return false
		}
	}
	return true
}

// Backend is the lab's backend for a destination of the file, the same for the same one.
func (f *Files) Backend(destination string) netip.AddrPort {
	i := slices.Index(f.destinations, destination)
	if i < 0 {
		i = len(f.destinations)
		f.destinations = append(f.destinations, destination)
	}
	return f.site.Backends[i%len(f.site.Backends)]
}

// Nobody is an address where nobody listens, for what the load does not reach.
var Nobody = netip.MustParseAddrPort("127.0.0.1:1")

// Reached is the lab's backend for a destination that Backend was asked for, or else Nobody.
func (f *Files) Reached(destination string) netip.AddrPort {
	if slices.Contains(f.destinations, destination) {
		return f.Backend(destination)
	}
	return Nobody
}

// Line is the number of a span's first line, from 1.
func (s Span) Line() int { return 1 + strings.Count(string(s.File.Text[:s.Start]), "\n") }

// String is its place, for people.
func (s Span) String() string { return fmt.Sprintf("%s:%d", s.File.Label, s.Line()) }

// Text is what stands there.
func (s Span) Text() string { return string(s.File.Text[s.Start:s.End]) }

// Mistake is an error about it: what is wrong or was expected, and the next step.
func (s Span) Mistake(msg, hint string) error { return s.File.Mistake(s.Start, msg, hint) }

// Say notes what happens to it.
func (s Span) Say(text string, args ...any) {
	s.File.notes = append(s.File.notes, note{s.Start, fmt.Sprintf(text, args...)})
}

// Replace puts a text in its place. It keeps the number of lines.
func (s Span) Replace(text string) {
	text += strings.Repeat("\n", max(0, strings.Count(s.Text(), "\n")-strings.Count(text, "\n")))
	s.File.edits = append(s.File.edits, edit{s.Start, s.End, text})
}

// Become puts a text in its place and says so.
func (s Span) Become(text string) {
	s.Say("%s becomes %s", strings.Join(strings.Fields(s.Text()), " "), text)
	s.Replace(text)
}

// Note says something about no line.
func (f *Files) Note(text string, args ...any) { f.notes = append(f.notes, fmt.Sprintf(text, args...)) }

// Config is what the lab runs: the main file, and the others by their path in the host.
func (f *Files) Config() proxy.Config {
	c := proxy.Config{Text: []byte(f.Main.apply()), More: f.Added, Rewrites: f.notes}
	for name, x := range f.shipped {
		c.More[name] = []byte(x.apply())
	}
	for _, x := range f.All {
		slices.SortStableFunc(x.notes, func(a, b note) int { return a.at - b.at })
		for _, n := range slices.Compact(x.notes) { // of what is included twice
			c.Rewrites = append(c.Rewrites, fmt.Sprintf("%v: %s", Span{x, n.at, n.at}, n.text))
		}
	}
	return c
}

// apply makes the edits. Of two that overlap the one that begins first stands, and the
// longer one of those.
func (f *File) apply() string {
	slices.SortStableFunc(f.edits, func(a, b edit) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	var b strings.Builder
	at := 0
	for _, e := range f.edits {
		if e.start < at {
			continue
		}
		b.Write(f.Text[at:e.start])
		b.WriteString(e.text)
		at = e.end
	}
	b.Write(f.Text[at:])
	return b.String()
}

// Loopback says whether a host is the proxy's own.
func Loopback(host string) bool {
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback() || strings.EqualFold(host, "localhost")
}

// HostPort takes an address apart; port is given where it has none.
func HostPort(address, port string) (string, string) {
	if h, p, err := net.SplitHostPort(address); err == nil && p != "" {
		return h, p
	}
	return strings.Trim(address, "[]"), port
}

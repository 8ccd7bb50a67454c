// Package serve shows stored runs in a browser: a list to choose from, each run's report and
// files, and two or more runs compared as `lab99 compare` does it, their ports drawn over
// each other.
//
// It only reads. Files are opened through an os.Root, so that no path and no link leads out
// of the directory. Pages have no script of their own: a form asks, a page answers. Reports
// may run the script of this version's reports, and nothing else may run anything.
package serve

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/compare"
	"github.com/lab99/lab99/results/private"
)

// Look is how the reports look, so that these pages look alike, and which script they may run.
type Look struct {
	Style  string
	Script string // its hash, as a Content-Security-Policy has it
}

// Site is a directory of runs.
type Site struct {
	dir    string
	root   *os.Root
	look   Look
	prefix string
}

// New shows the runs in dir below a prefix, which begins and ends with a slash.
func New(dir, prefix string, look Look) (*Site, error) {
	if _, _, err := results.List(dir); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Site{dir: dir, root: root, look: look, prefix: prefix}, nil
}

// Close ends the reading of files.
func (s *Site) Close() error { return s.root.Close() }

// Handler answers below the prefix, and nowhere else. Its pages may send forms to themselves.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.prefix+"{$}", s.index)
	mux.HandleFunc("GET "+s.prefix+"compare", s.compare)
	mux.HandleFunc("GET "+s.prefix+"runs/{run}/{file...}", s.file)
	return mux
}

//go:embed index.html.tmpl
var indexText string

//go:embed compare.html.tmpl
var compareText string

//go:embed page.css
var style string

var pages = template.Must(template.New("index").Funcs(template.FuncMap{
	"grouped": format.Grouped[int],
	"expected": func(b *bool) string {
		switch {
		case b == nil:
			return "can’t tell"
		case *b:
			return "yes"
		}
		return "no"
	},
	"name": func(dir string) string { return filepath.Base(dir) },
}).Parse(indexText))

var _ = template.Must(pages.New("compare").Parse(compareText))

// page writes a page, whole or not at all.
func (s *Site) page(w http.ResponseWriter, name string, data any) {
	var b bytes.Buffer
	err := pages.ExecuteTemplate(&b, name, struct {
		Style  template.CSS
		Prefix string
		Data   any
	}{template.CSS(s.look.Style + style), s.prefix, data})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	private.Allow(w, "form-action 'self'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

// asked is what a reader looks for; an empty field is any.
type asked struct{ Scenario, Verdict, Note, From, To string }

func (a asked) is(r results.Listed) bool {
	day, _, _ := strings.Cut(r.StartedUTC, "T")
	judgedSo := func(v results.ListedVariant) bool { return v.Verdict == a.Verdict }
	return (a.Scenario == "" || r.Scenario == a.Scenario) &&
		(a.Verdict == "" || slices.ContainsFunc(r.Variants, judgedSo)) &&
		strings.Contains(strings.ToLower(r.Note), strings.ToLower(a.Note)) &&
		(a.From == "" || day >= a.From) && (a.To == "" || day <= a.To)
}

// index lists the runs.
func (s *Site) index(w http.ResponseWriter, r *http.Request) {
	all, others, err := results.List(s.dir)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	q := r.URL.Query()
	a := asked{q.Get("scenario"), q.Get("verdict"), q.Get("note"), q.Get("from"), q.Get("to")}
	data := struct {
		Dir                 string
		Asked               asked
		Runs                []results.Listed
		All                 int
		Others              []string
		Scenarios, Verdicts []string
	}{Dir: s.dir, Asked: a, All: len(all), Others: others, Verdicts: law.Verdicts}
	for _, l := range all {
		data.Scenarios = append(data.Scenarios, l.Scenario)
		if a.is(l) {
			data.Runs = append(data.Runs, l)
		}
	}
	slices.Sort(data.Scenarios)
	data.Scenarios = slices.Compact(data.Scenarios)
	s.page(w, "index", data)
}

// known returns the directory of a run by its name: one that is listed, so that a name
// leads nowhere else.
func (s *Site) known(name string) (results.Listed, bool) {
	all, _, _ := results.List(s.dir)
	at := slices.IndexFunc(all, func(l results.Listed) bool { return filepath.Base(l.Dir) == name })
	if at < 0 {
		return results.Listed{}, false
	}
	return all[at], true
}

// most is how many runs are compared at once: as many as there are letters for the sides.
const most = 26

// compare compares the runs named, the oldest being the base.
func (s *Site) compare(w http.ResponseWriter, r *http.Request) {
	names := r.URL.Query()["run"]
	if len(names) < 2 || len(names) > most {
		http.Error(w, fmt.Sprintf("Chosen: %s. A comparison takes 2 to %d: "+
			"go back, and tick their boxes in the column \"compare\".",
			format.Plural(len(names), "run"), most), http.StatusBadRequest)
		return
	}
	var runs []*results.Run
	for _, name := range names {
		l, found := s.known(name)
		if !found {
			http.Error(w, fmt.Sprintf("no run here is called %q", name), http.StatusNotFound)
			return
		}
		run, err := results.Open(l.Dir)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		runs = append(runs, run)
	}
	slices.SortStableFunc(runs, func(a, b *results.Run) int {
		return cmp.Compare(a.Summary.StartedUTC, b.Summary.StartedUTC)
	})
	var sides []compare.Side
	for i, run := range runs {
		sides = append(sides, compare.Side{Label: string(rune('A' + i)), Runs: []*results.Run{run}})
	}
	c, err := compare.Compare(sides)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	var text bytes.Buffer
	if err := c.WriteText(&text); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.page(w, "compare", struct {
		Text     string
		Sides    []compare.Side
		Pictures []picture
		Command  string
	}{text.String(), sides, pictures(sides), command(runs)})
}

// command compares the same runs in a shell.
func command(runs []*results.Run) string {
	words := "lab99 compare"
	for _, r := range runs {
		words += " " + format.ShellWord(r.Dir)
	}
	return words
}

// file serves a file of a run, or lists a directory of one.
func (s *Site) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("run")
	if _, found := s.known(name); !found {
		http.NotFound(w, r)
		return
	}
	full := path.Join(name, r.PathValue("file"))
	f, err := s.root.Open(filepath.FromSlash(full))
	if err != nil {
		status := http.StatusNotFound
		if errors.Is(err, fs.ErrPermission) {
			status = http.StatusForbidden
		}
		http.Error(w, "no such file in this run", status)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		http.Error(w, "no such file in this run", http.StatusNotFound)
		return
	case info.IsDir():
		s.directory(w, r, full, f)
		return
	case !info.Mode().IsRegular(): // a pipe would be waited for
		http.Error(w, "this is no file", http.StatusForbidden)
		return
	}
	h := w.Header()
	switch ext := path.Ext(full); {
	case full == name+"/report.html":
		private.Allow(w, "script-src '"+s.look.Script+"'")
		h.Set("Content-Type", "text/html; charset=utf-8")
	case ext == ".png" || ext == ".svg" || ext == ".json":
		private.Allow(w, "sandbox")
		h.Set("Content-Type", mime.TypeByExtension(ext))
	default: // whatever it is, it is shown as text
		private.Allow(w, "sandbox")
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	http.ServeContent(w, r, "", info.ModTime(), f)
}

// directory lists what a directory of a run has. Its address ends with a slash.
func (s *Site) directory(w http.ResponseWriter, r *http.Request, full string, f *os.File) {
	if !strings.HasSuffix(r.URL.Path, "/") {
		http.Redirect(w, r, s.prefix+"runs/"+(&url.URL{Path: full}).EscapedPath()+"/", http.StatusMovedPermanently)
		return
	}
	entries, err := f.ReadDir(-1)
	if err != nil {
		http.Error(w, "the directory cannot be read", http.StatusInternalServerError)
		return
	}
	data := struct {
		Name  string
		Files []string
	}{Name: full}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		data.Files = append(data.Files, name)
	}
	slices.Sort(data.Files)
	s.page(w, "files", data)
}

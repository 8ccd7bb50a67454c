package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"github.com/lab99/lab99/lab"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/live"
	"github.com/lab99/lab99/results/private"
	"github.com/lab99/lab99/results/report"
	"github.com/lab99/lab99/scenarios"
)

// liveFlags ask for the page of a run under way.
type liveFlags struct {
	address   string
	open      bool
	tokenFile string
	token     string // of the file
}

// Where the page is served unless the user says otherwise: for this machine alone.
const (
	anywhere = "any" // in place of an address
	anyPort  = "127.0.0.1:0"
)

func (f *liveFlags) register(fs *pflag.FlagSet, what string) {
	fs.StringVar(&f.address, "live", "",
		"serve a page that shows "+what+", at `ADDR`, an address and a port; "+
			"--live alone takes a free port of 127.0.0.1")
	fs.Lookup("live").NoOptDefVal = anywhere
	fs.BoolVar(&f.open, "open", false, "open that page in the browser")
	fs.StringVar(&f.tokenFile, "token-file", "",
		"take the token in `FILE` instead of a new one, so that a Prometheus can scrape every --live")
}

// check returns what is wrong with the flags.
func (f *liveFlags) check() (err error) {
	switch {
	case f.address == anywhere, f.address == "" && (f.open || f.tokenFile != ""):
		f.address = anyPort
	case f.address == "":
		return nil
	}
	address, err := listenOn("live", f.address)
	if err != nil {
		return err
	}
	f.address = address.String()
	if f.tokenFile != "" {
		if f.token, err = private.Token(f.tokenFile); err != nil {
			return &usageError{"--token-file: " + err.Error() + "\n  `openssl rand -hex 16` prints one."}
		}
	}
	return nil
}

// begin serves the page, if it is asked for, and has it told what the progress is.
func (f *liveFlags) begin(p progress, runs []*scenarios.Resolved) (progress, *livePage, error) {
	if f.address == "" {
		return p, nil, nil
	}
	planned := make([]live.Planned, len(runs))
	for i, r := range runs {
		planned[i] = live.Planned{Scenario: r.Name, Size: r.Size, Title: r.Title}
		for _, v := range r.Variants {
			planned[i].Variants = append(planned[i].Variants, v.Name)
		}
	}
	s := live.NewStream(planned)
	server, err := f.listen(s.Source(look()), p.Say)
	if err != nil {
		return nil, nil, err
	}
	return &told{p, s}, &livePage{s, server}, nil
}

// look is that of the reports.
func look() live.Look { return live.Look{Style: report.Style(), Script: report.ScriptHash()} }

// listen serves a source, says where, and opens it if that is wanted.
func (f *liveFlags) listen(s live.Source, say func(string)) (*live.Server, error) {
	server, err := live.Listen(f.address, f.token, s)
	if err != nil {
		return nil, &driver.UnfitError{
			What: "the live page cannot be served",
			Err:  err,
			Hint: "--live alone takes a free port.",
		}
	}
	say("Live: " + server.URL())
	if f.open {
		orSay(browse(server.URL()), say)
	}
	return server, nil
}

// orSay says that there is no browser.
func orSay(err error, say func(string)) {
	if err != nil {
		say("Note: no browser could be started: " + err.Error())
	}
}

// livePage is the page of a run under way; nil is none.
type livePage struct {
	stream *live.Stream
	server *live.Server
}

// forReport is how long pages that are open have to take the report.
const forReport = 3 * time.Second

// end makes the page the report of a run, if there is one, and ends the service.
func (l *livePage) end(o *lab.Outcome) {
	if l == nil {
		return
	}
	var page []byte
	if o != nil {
		page, _ = os.ReadFile(filepath.Join(o.Dir, "report.html")) // without one the page says how it ended
	}
	l.stream.Done(page)
	l.server.Close(context.Background(), forReport)
}

// told tells a progress and a stream.
type told struct {
	progress
	stream *live.Stream
}

func (t *told) Say(line string) {
	t.progress.Say(line)
	t.stream.Say(line)
}

func (t *told) Begin(name string, v results.VariantPlan) lab.VariantProgress {
	return &toldVariant{t.progress.Begin(name, v), t.stream.Begin(name, v)}
}

type toldVariant struct {
	lab.VariantProgress
	live *live.Variant
}

func (t *toldVariant) Phase(phase string) {
	t.VariantProgress.Phase(phase)
	t.live.Phase(phase)
}

func (t *toldVariant) Sample(s results.Sample) {
	t.VariantProgress.Sample(s)
	t.live.Sample(s)
}

func (t *toldVariant) End(v results.Variant) {
	t.VariantProgress.End(v)
	t.live.End(v)
}

// browse opens a page as the desktop does it, and does not wait for it.
func browse(url string) error {
	open := map[string][]string{
		"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"},
	}[runtime.GOOS]
	if open == nil {
		open = []string{"xdg-open"}
	}
	cmd := exec.Command(open[0], append(open[1:], url)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait()
	return nil
}

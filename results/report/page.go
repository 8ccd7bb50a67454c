package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
	"github.com/lab99/lab99/results/strip"
)

//go:embed page.html.tmpl
var pageTemplate string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

// page is what both forms of the report are made of.
type page struct {
	Run      *results.Run
	ID       string // of the run: the name of its directory
	Finding  string // Headline and Rest, in one sentence
	Headline string // what became of the baseline
	Rest     string // what became of the others; "": there are none
	Variants []variant
	Figures  []chart.Figure
	SS       string   // the command whose count the lab's figure equals
	Notes    []string // what a reader must know first
}

// variant is a row of the report.
type variant struct {
	results.View
	base *variant // the variant it is compared with; nil: it is the baseline
}

func newPage(run *results.Run, figs []chart.Figure) *page {
	// Finding makes the sentence anew, so that an old run reads as well as a new one.
	p := &page{Run: run, ID: run.ID(), Finding: results.Finding(run.Summary), Figures: figs}
	p.Headline, p.Rest = results.Headline(run.Summary)
	for _, v := range run.Views() {
		p.Variants = append(p.Variants, variant{View: v})
	}
	for i := range p.Variants[1:] {
		p.Variants[i+1].base = &p.Variants[0]
	}
	p.SS = fmt.Sprintf("ss -Htan state time-wait '( dport = :%s )' | wc -l", p.BackendPort())
	p.Notes = append(run.Summary.Notes[:len(run.Summary.Notes):len(run.Summary.Notes)], p.standIns()...)
	for _, m := range run.Missing {
		p.Notes = append(p.Notes, m+": the report shows what is left.")
	}
	return p
}

// plainly explains the verdicts to a reader of the first screen.
var plainly = []term{
	{law.Reproduced, "error 99 came as predicted"},
	{law.Collapsed, "the proxy slowed to a crawl before the last port was taken"},
	{law.Mitigated, "nothing failed, and ports are left"},
	{law.Postponed, "error 99 came, only later"},
	{law.Inconclusive, "nothing failed so far, but the ports would run out, or nearly"},
	{law.NotReproduced, "error 99 did not come"},
	{law.Invalid, "the measurement cannot be trusted"},
	{law.Error, "the lab itself failed"},
	{results.Skipped, "the kernel lacks what the variant needs, so it counts neither way"},
}

// Legend explains the verdicts that this run has.
func (p *page) Legend() []term {
	return slices.DeleteFunc(slices.Clone(plainly), func(t term) bool {
		return !slices.ContainsFunc(p.Variants, func(v variant) bool { return v.Verdict == t.Word })
	})
}

// standIns names the variants without a real backend or without the lab's own configuration.
func (p *page) standIns() []string {
	var notes []string
	own := map[string][]string{} // variants by who ran their configuration
	for _, v := range p.Variants {
		if v.Plan.RealBackend() == "" {
			notes = append(notes, v.Name+": the backend is lab99 itself, not a server of its own.")
		}
		if c := v.Plan.OwnConfig; c != "" {
			ran := fmt.Sprintf("%s ran the configuration %s; lab99 took the causes of failures from its log",
				v.ProxyName(), filepath.Base(c))
			own[ran] = append(own[ran], v.Name)
		}
	}
	for _, ran := range slices.Sorted(maps.Keys(own)) {
		notes = append(notes, fmt.Sprintf("%s: %s, and the close share f is a result, not a premise.",
			format.List(own[ran]), ran))
	}
	return notes
}

// Day is the one on which the run began, in UTC.
func (p *page) Day() string {
	day, _, _ := strings.Cut(p.Run.Summary.StartedUTC, "T")
	return day
}

// Expected says of the whole run how it stands to what was expected.
func (p *page) Expected() string {
	switch e := p.Run.Summary.AsExpected; {
	case e == nil:
		return "undecided whether as expected"
	case *e:
		return "all verdicts as expected"
	}
	return "not all verdicts as expected"
}

// BackendPort is the port of the upstream destinations, as the probe saw them.
func (p *page) BackendPort() string {
	for _, v := range p.Variants {
		for s := range v.Data.ProxySockets() {
			if len(s.Net.Sockets) > 0 {
				dst := s.Net.Sockets[0].Dst
				return dst[strings.LastIndexByte(dst, ':')+1:]
			}
		}
	}
	return "8080"
}

// html writes the page: one file that needs no other and no network.
func (p *page) html(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"number":   func(x *float64) string { return format.Or(x, format.Number, "–") },
		"expected": expected, "glossary": glossary, "breakable": breakable, "together": together,
		"join": strings.Join, "count": format.Plural[int], "inline": inline, "inlineBare": inlineBare,
		"prose": prose, "sentence": sentence,
		"style":  func() template.CSS { return template.CSS(Style()) },
		"script": func() template.JS { return template.JS(scripts()) }, "scriptHash": ScriptHash,
	}).Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}

// Style is that of the page, for pages that look like it.
func Style() string { return themeStyle() + pageStyle }

// scripts are all of the page's, in one element.
func scripts() string { return strip.Script + pageScript }

// Replay are the tracks that the page replays.
func (p *page) Replay() []strip.Track { return strip.Stored(p.Run) }

// ScriptHash is that of the page's script, as a Content-Security-Policy has it.
func ScriptHash() string { return strip.Hash(scripts()) }

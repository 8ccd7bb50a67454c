package report

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/template"

	"github.com/lab99/lab99/results/chart"
)

//go:embed postmortem.md.tmpl
var postmortemTemplate string

// markdown writes the draft of a postmortem: what the run knows is filled in,
// what only people know is a marked blank.
func (p *page) markdown(w io.Writer) error { return p.text(w, "postmortem") }

// step writes the summary for the page of a build: the finding and the table.
func (p *page) step(w io.Writer) error { return p.text(w, "step") }

func (p *page) text(w io.Writer, name string) error {
	t, err := template.New("postmortem").Funcs(template.FuncMap{
		"count": count, "secs": secs, "ratio": ratio, "ms": ms, "expected": expected, "cell": cell,
		"grouped": func(n int64) string { return chart.Grouped(float64(n)) },
		"blank":   func(what string) string { return "_Fill in: " + what + "_" },
		"failure": p.failure, "timeline": timeline, "full": full, "sentence": sentence,
		"first": func(lines []string) []string { return lines[:min(len(lines), 8)] },
	}).Parse(postmortemTemplate)
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, name, p)
}

// cell makes text safe between the bars of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}

// failure is the variant the postmortem is about: the first that failed, else
// the first.
func (p *page) failure() *variant {
	for i := range p.Variants {
		if v := &p.Variants[i]; v.FirstError != nil || v.Collapsed {
			return v
		}
	}
	return &p.Variants[0]
}

// Cause says in numbers why a variant had to fail, or why not.
func (v variant) Cause() string {
	p := v.Predicted
	f := "not measured"
	if v.CloseShare != nil {
		f = strconv.FormatFloat(*v.CloseShare, 'f', 2, 64)
	}
	s := fmt.Sprintf("nginx had K = %s tuples (source port, destination) towards the backend. A tuple whose connection nginx closed first stays in TIME_WAIT for about %s s; the share so closed was f = %s. ",
		chart.Grouped(float64(p.Tuples)), number(&p.HoldS), f)
	if v.ReuseRatio != nil {
		s += fmt.Sprintf("%.1f %% of the requests reused an upstream connection. ", 100**v.ReuseRatio)
	}
	if v.RhoSteady != nil {
		s += fmt.Sprintf("At %s requests per second that makes a load factor of ρ = %s (above 1 the table fills). ", chart.Grouped(v.OfferedPerS), ratio(v.RhoSteady))
	}
	if v.Collapsed {
		s += "With half the range taken, connect() has to scan the taken half for a free port; each call costs milliseconds of processor time, and throughput collapses before any error shows. "
	}
	if v.FirstError != nil {
		s += "With no tuple left, connect() fails with EADDRNOTAVAIL (99), nginx logs it and answers 502. Failed attempts take no tuple; the outage lasts until the TIME_WAITs that filled the table end."
	}
	return strings.TrimSpace(s)
}

// Figure is the figure with that ID, or the comparison.
func (p *page) Figure(id string) chart.Figure {
	for _, f := range p.Figures {
		if f.ID == id {
			return f
		}
	}
	return p.Figures[0]
}

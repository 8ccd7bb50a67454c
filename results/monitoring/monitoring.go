// Package monitoring turns a run into what watches for it in production:
// alert rules for Prometheus and a dashboard for Grafana, with the limits that
// were measured, and a page that says what they need.
//
// They ask node_exporter, and only for what it gives without a flag:
// node_sockstat_TCP_tw, node_netstat_Tcp_ActiveOpens, node_netstat_Tcp_CurrEstab.
// None of them knows a destination, so they are held against all tuples of the
// variant; and all are of one network namespace, so the node_exporter must be in
// nginx's.
//
// Neighbours: package results reads the run, package openmetrics writes its time
// series, package report writes the files of all three.
package monitoring

import (
	"bytes"
	_ "embed"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/lab99/lab99/results"
)

// The files, in Dir of a run's directory.
const (
	Dir           = "monitoring"
	RulesFile     = "alerts.yml"
	DashboardFile = "grafana-dashboard.json"
	ReadmeFile    = "README.md"
)

// The shares of the tuples at which to look, and at which to act. From half on
// connect() has to search, and throughput may collapse before any error.
const (
	warnShare = 0.5
	actShare  = 0.8
	rateShare = 0.9 // of the rate at which the table fills, as for a cure
)

// waitsOut is the hold time, in seconds, from which on a tuple's TIME_WAIT is
// what blocks it. Under tcp_tw_reuse=1 most TIME_WAIT sockets block nothing,
// and their number warns of nothing.
const waitsOut = 30

// limit is what a configuration can take.
type limit struct {
	Variants []string
	Tuples   int     // connections that can exist, TIME_WAIT included
	HoldS    float64 // how long a closed one blocks its tuple
	Ports    int64   // usable ports, read back; 0: not known
	Reached  bool    // error 99 came with Tuples taken, so they were counted
}

// Rate is the number of new connections per second that fills the table, if
// nginx closes all of them first, in the long run.
func (l limit) Rate() float64 { return float64(l.Tuples) / l.HoldS }

// Counts says whether the number of TIME_WAIT sockets tells how full it is.
func (l limit) Counts() bool { return l.HoldS >= waitsOut }

// Names are the variants with this limit, as words.
func (l limit) Names() string { return strings.Join(l.Variants, ", ") }

// limits are those of a run, variants with the same in one, in the order of
// the plan.
func limits(run *results.Run) []limit {
	var all []limit
	for _, p := range run.Plan.Variants {
		l := limitOf(run.Row(p))
		if l.Tuples <= 0 || l.HoldS <= 0 {
			continue // no ports are spent: a Unix-domain socket
		}
		known := false
		for i := range all {
			if all[i].Tuples == l.Tuples && all[i].HoldS == l.HoldS {
				all[i].Variants = append(all[i].Variants, p.Name)
				all[i].Reached = all[i].Reached || l.Reached
				known = true
			}
		}
		if !known {
			l.Variants = []string{p.Name}
			all = append(all, l)
		}
	}
	return all
}

func limitOf(v results.Variant) limit {
	l := limit{Tuples: v.Predicted.Tuples, HoldS: v.Predicted.HoldS}
	if v.Ports.Usable != nil {
		l.Ports = *v.Ports.Usable
	}
	if v.FirstError != nil && v.Ports.PeakUsed != nil && *v.Ports.PeakUsed > 0 && !v.Collapsed {
		// As many as were counted when the next one failed. A sampler may miss the
		// very last, never find one too many.
		l.Tuples, l.Reached = max(l.Tuples, int(*v.Ports.PeakUsed)), true
	}
	return l
}

// File is one of the files, by its name in the run's directory.
type File struct {
	Name string
	Text []byte
}

// Files makes all of them. They are a pure function of the run.
func Files(run *results.Run) ([]File, error) {
	all := limits(run)
	v := view{ID: filepath.Base(run.Dir), Group: groupName(run.Plan), Limits: all, WarnShare: warnShare, ActShare: actShare, RateShare: rateShare}
	rules, err := v.fill(rulesTemplate)
	if err != nil {
		return nil, err
	}
	readme, err := v.fill(readmeTemplate)
	if err != nil {
		return nil, err
	}
	board, err := v.dashboard()
	if err != nil {
		return nil, err
	}
	return []File{
		{filepath.Join(Dir, RulesFile), rules},
		{filepath.Join(Dir, DashboardFile), board},
		{filepath.Join(Dir, ReadmeFile), readme},
	}, nil
}

// view is what the templates see.
type view struct {
	ID, Group string
	Limits    []limit
	WarnShare float64
	ActShare  float64
	RateShare float64
}

//go:embed alerts.yml.tmpl
var rulesTemplate string

//go:embed README.md.tmpl
var readmeTemplate string

func (v view) fill(text string) ([]byte, error) {
	t, err := template.New("").Funcs(template.FuncMap{
		"number":  number,
		"percent": func(x float64) string { return number(100*x) + " %" },
		"times":   func(a, b float64) float64 { return a * b },
		"quote":   strconv.QuoteToASCII, // one line, whatever it holds
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.Bytes(), err
}

// number is one with at most three decimals, never with an exponent.
func number(x float64) string {
	s := strconv.FormatFloat(x, 'f', 3, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

var notInName = regexp.MustCompile(`[^a-z0-9-]+`)

// groupName is safe in YAML, in a template of Prometheus and in a URL.
func groupName(p results.Plan) string {
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(p.Scenario+"-"+p.Size), "-"), "-")
	return "lab99-" + name[:min(len(name), 60)]
}

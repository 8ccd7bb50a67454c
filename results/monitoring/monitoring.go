// Package monitoring turns a run into what watches for it in production:
// alert rules for Prometheus and a dashboard for Grafana, with the limits that
// were measured, and a page that says what they need. RulesFor has the rules
// for whoever else shows them. OfDiagnose are those for hosts: they ask what package
// exporter serves, and need no run.
//
// Those of a run ask node_exporter, and only for what it gives without a flag:
// node_sockstat_TCP_tw, node_netstat_Tcp_ActiveOpens, node_netstat_Tcp_CurrEstab.
// None of them knows a destination, so they are held against all tuples of the
// variant; and all are of one network namespace, so the node_exporter must be in
// the proxy's.
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

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
)

// The files, in Dir of a run's directory.
const (
	Dir           = "monitoring"
	RulesFile     = "alerts.yml" // of the first configuration; rulesFiles names the others
	DashboardFile = "grafana-dashboard.json"
	ReadmeFile    = "README.md"
)

// The shares of the tuples at which to look, and at which to act: from half on
// connect() has to search, and throughput may collapse before any error; and up
// to 0.9, in the long run, a configuration counts as a cure.
const (
	rateShare  = 0.7 // of the rate at which the table fills: it is not full yet, and may never be
	warnShare  = 0.5
	actShare   = 0.9
	leftBehind = 0.1 // in TIME_WAIT at least, or it is the backend that closes first
)

// waitsOut is the hold time, in seconds, from which on a tuple's TIME_WAIT is
// what blocks it. Under tcp_tw_reuse=1 most TIME_WAIT sockets block nothing,
// and a healthy system may have nearly all tuples in that state: their number
// warns of nothing, and the rate of new connections is all there is.
const waitsOut = 30

// limit is what a configuration can take.
type limit struct {
	Variants []string
	Proxy    string  // how people call it
	Tuples   int     // connections that can exist, TIME_WAIT included
	HoldS    float64 // how long a closed one blocks its tuple
	Ports    int64   // usable ports, read back; 0: not known
	Reached  bool    // error 99 came with Tuples taken, so they were counted
	Waits    bool    // what the proxy closes first stays in TIME_WAIT, and not in FIN_WAIT2 or with a slow backend
	// Tuples that the lab's load took per second, f·R·churn, in the fastest variant; 0: not known.
	PerS float64
}

// Rate is the number of new connections per second that fills the table, if
// the proxy closes all of them first, in the long run.
func (l limit) Rate() float64 { return float64(l.Tuples) / l.HoldS }

// Counts says whether the number of TIME_WAIT sockets tells how full it is.
func (l limit) Counts() bool { return l.Waits && l.HoldS >= waitsOut }

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
			a := &all[i]
			if a.Proxy == l.Proxy && a.Tuples == l.Tuples && a.HoldS == l.HoldS && a.Waits == l.Waits {
				a.Variants = append(a.Variants, p.Name)
				a.Reached = a.Reached || l.Reached
				a.PerS = max(a.PerS, l.PerS)
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
	l := limit{Proxy: v.ProxyName(), Tuples: v.Predicted.Tuples, HoldS: v.Predicted.HoldS, Waits: true}
	if v.Ports.Usable != nil {
		l.Ports = *v.Ports.Usable
	}
	if v.FirstError != nil && v.Ports.PeakUsed != nil && *v.Ports.PeakUsed > 0 && !v.Collapsed {
		// As many as were counted when the next one failed. A sampler may miss the
		// very last, never find one too many.
		l.Tuples, l.Reached = max(l.Tuples, int(*v.Ports.PeakUsed)), true
		l.Waits = v.TimeWait.ProxyPeak == nil || float64(*v.TimeWait.ProxyPeak) > warnShare*float64(l.Tuples)
	}
	rho := v.Predicted.Rho
	if v.RhoSteady != nil {
		rho = *v.RhoSteady
	}
	if l.HoldS > 0 {
		l.PerS = rho * l.Rate()
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
	v := view{ID: run.ID(), Group: groupName(run.Plan), Proxy: run.Plan.ProxyName(), Limits: limits(run)}
	var files []File
	for i, name := range v.rulesFiles() {
		if len(v.Limits) > 0 {
			v.Rules = new(v.Limits[i].rules(v.Group))
		}
		text, err := v.fill(rulesTemplate)
		if err != nil {
			return nil, err
		}
		files = append(files, File{filepath.Join(Dir, name), text})
	}
	readme, err := v.fill(readmeTemplate)
	if err != nil {
		return nil, err
	}
	board, err := v.dashboard()
	if err != nil {
		return nil, err
	}
	return append(files,
		File{filepath.Join(Dir, DashboardFile), board},
		File{filepath.Join(Dir, ReadmeFile), readme},
	), nil
}

// view is what the templates see.
type view struct {
	ID, Group string
	Proxy     string // of all configurations, or "the proxy"
	Limits    []limit
	Rules     *Rules // of the file that is being written; nil: there are none
}

// rulesFiles are the files of rules, one for each limit; one that says so where
// there is none.
func (v view) rulesFiles() []string {
	names := []string{RulesFile}
	for i := 1; i < len(v.Limits); i++ {
		names = append(names, "alerts-"+v.Limits[i].Variants[0]+".yml")
	}
	return names
}

// RulesFiles are the paths in a run's directory of the files of rules.
func RulesFiles(run *results.Run) []string {
	names := view{Limits: limits(run)}.rulesFiles()
	for i := range names {
		names[i] = filepath.Join(Dir, names[i])
	}
	return names
}

//go:embed alerts.yml.tmpl
var rulesTemplate string

//go:embed README.md.tmpl
var readmeTemplate string

func (v view) fill(text string) ([]byte, error) {
	t, err := template.New("").Funcs(template.FuncMap{
		"number": format.Number,
		"files":  v.rulesFiles,
		"quote":  strconv.QuoteToASCII, // one line, whatever it holds
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, v)
	return b.Bytes(), err
}

var notInName = regexp.MustCompile(`[^a-z0-9-]+`)

// groupName is safe in YAML, in a template of Prometheus and in a URL.
func groupName(p results.Plan) string {
	name := strings.Trim(notInName.ReplaceAllString(strings.ToLower(p.Scenario+"-"+p.Size), "-"), "-")
	return "lab99-" + name[:min(len(name), 60)]
}

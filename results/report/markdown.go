package report

import (
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/template"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/results/chart"
	"github.com/lab99/lab99/results/monitoring"
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
		"count": format.Count, "secs": secs, "ratio": ratio, "ms": ms, "expected": expected, "cell": cell,
		"grouped": format.Grouped[int64],
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

// failure is the variant the postmortem is about: the baseline if it failed, else
// the first that did, else the baseline.
func (p *page) failure() *variant {
	if v := p.baseline(); v.FirstError != nil || v.Collapsed {
		return v
	}
	for i := range p.Variants {
		if v := &p.Variants[i]; v.FirstError != nil || v.Collapsed {
			return v
		}
	}
	return p.baseline()
}

// Cause says in the symbols of the laws, with what was measured, why a variant failed: what
// held its tuples or, where ports played no part, what the proxy logged. Mechanism tells it
// those who do not know the symbols.
func (v variant) Cause() string {
	var s []string
	add := func(format string, args ...any) { s = append(s, fmt.Sprintf(format, args...)) }
	p := v.Predicted
	if v.FirstError == nil && !v.Collapsed {
		v.withoutPorts(add)
		return strings.Join(s, " ")
	}
	add("%s had K = %s tuples (source port, destination) towards the backend.", v.ProxyName(), v.K())
	switch v.heldBy() {
	case results.StateEstablished:
		if v.Held != nil {
			add("Connections that were held had them. Each has a tuple from connect() to its end, " +
				"so R opened a second and held for H each have R·H. TIME_WAIT played no part.")
			break
		}
		add("Requests under way held them. A connection holds its tuple from connect() to its end, " +
			"so R requests a second that take t seconds each hold R·t. TIME_WAIT played no part.")
	case results.StateFinWait2:
		add("Connections that %s had closed and the backend had not closed held them in FIN_WAIT2. "+
			"That state lasts until the backend closes, or for tcp_fin_timeout.", v.ProxyName())
	default:
		add("A tuple whose connection %s closed first stays in TIME_WAIT for about %s s.",
			v.ProxyName(), format.Number(p.HoldS))
	}
	if v.CloseShare != nil {
		add("%s closed a share of f = %.2f first.", v.ProxyName(), *v.CloseShare)
	}
	if v.ReuseRatio != nil && v.Held == nil {
		add("%.1f %% of the requests reused an upstream connection.", 100**v.ReuseRatio)
	}
	if v.RhoSteady != nil && v.heldBy() != results.StateEstablished {
		add("At %s %s per second this makes a load factor of ρ = %s (above 1 the table fills).",
			format.Grouped(v.OfferedPerS), v.Loads(), ratio(v.RhoSteady))
	}
	if v.Plan.Random {
		add("Requests came at random. Some find no tuple although there are enough on average; " +
			"Erlang's B formula gives their share.")
	}
	if v.Collapsed {
		add("With half the range taken, connect() has to scan the taken half for a free port. " +
			"Each call takes milliseconds of processor time, and throughput collapses before any error shows.")
	}
	if v.FirstError != nil {
		add("With no tuple left, connect() fails with EADDRNOTAVAIL (99). %s. "+
			"Failed attempts take no tuple. The outage lasts until tuples of the full table are free again.",
			v.answers())
	}
	switch e := v.Errors; {
	case e == nil || e.NoLiveUpstreams <= e.Error99:
	case v.ProxyName() != results.Nginx:
		add("%s then held its backend down: %s requests failed without a try.",
			v.ProxyName(), format.Grouped(e.NoLiveUpstreams))
	default:
		add("nginx took the failed connect() for a failure of the peer (max_fails=%d) and marked each peer down for "+
			"fail_timeout. %s requests were then answered \"no live upstreams\" without a try.",
			max(v.Plan.MaxFails, 1), format.Grouped(e.NoLiveUpstreams))
	}
	return strings.Join(s, " ")
}

// answers says what the proxy does when a connect() has failed.
func (v variant) answers() string {
	if s := v.Plan.Setup; v.Proxy == "" && s != nil && s.Conduct != nil && s.Conduct.Passes {
		return "nginx logs the error and ends the client's connection"
	}
	if v.Proxy == "" {
		return "nginx logs the error and answers 502"
	}
	text := v.ProxyName() + " fails the request"
	if v.Plan.Setup != nil {
		if n := v.Plan.Setup.Tries(); n > 1 {
			text += fmt.Sprintf(" after %d tries", n)
		}
		if c := v.Plan.Setup.Conduct; c != nil && c.Blackout > 0 {
			text += fmt.Sprintf(", and for %s every other without a try", format.Seconds(c.Blackout.Seconds()))
		}
	}
	return text
}

// withoutPorts explains failures that ports did not cause.
func (v variant) withoutPorts(add func(string, ...any)) {
	taken := "Ports played no part"
	if n := v.Ports.PeakUsed; n != nil && v.Predicted.Tuples > 0 {
		taken = fmt.Sprintf("Ports played no part: at most %s of %s tuples were taken", format.Count(n), v.K())
	}
	text, n := v.mostLogged()
	switch {
	case v.Failed == nil || v.NotRun || strings.Contains(text, "(99:"):
		add("Not measured.")
		return
	case v.Lost() == 0:
		add("Nothing failed. %s.", taken)
		return
	}
	add("%s.", taken)
	if text != "" {
		add("%s's most frequent error, logged %s times: “%s”.", v.ProxyName(), format.Grouped(n), text)
	} else {
		add("%s logged nothing: %s requests got an error or no answer in time.", v.ProxyName(), format.Count(v.Failed))
	}
}

// mostLogged is the message that nginx's error log had most often. The excerpt
// begins with the counts, the most frequent first (package lab).
func (v variant) mostLogged() (text string, n int) {
	if len(v.Data.LogExcerpt) == 0 {
		return "", 0
	}
	line, counted := strings.CutPrefix(v.Data.LogExcerpt[0], "# ")
	times, text, parted := strings.Cut(line, " × ")
	n, err := strconv.Atoi(times)
	if !counted || !parted || err != nil {
		return "", 0
	}
	return text, n
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

// Has says whether there is a figure with that ID: one that would say nothing is
// not drawn.
func (p *page) Has(id string) bool { return p.Figure(id).ID == id }

// Rules are the alerts for the configuration that failed; nil where it spends no
// ports.
func (p *page) Rules() *monitoring.Rules {
	v := p.failure()
	if v.FirstError == nil && !v.Collapsed {
		return nil
	}
	r, ok := monitoring.RulesFor(p.Run, v.Name)
	if !ok {
		return nil
	}
	return &r
}

// MoreAlerts are the files of rules beside alerts.yml, one for each further
// configuration.
func (p *page) MoreAlerts() []string { return monitoring.RulesFiles(p.Run)[1:] }

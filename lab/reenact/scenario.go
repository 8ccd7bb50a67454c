package reenact

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

//go:embed scenario.yaml.tmpl
var scenarioText string

var scenarioTemplate = template.Must(template.New("scenario").
	Funcs(template.FuncMap{"item": item, "paragraph": paragraph}).Parse(scenarioText))

// The files of a saved host.
const (
	scenarioFile = "scenario.yaml"
	configFile   = "nginx.conf"     // as it is there
	pooledFile   = "keepalive.conf" // with a pool
	moreFile     = "more.conf"      // with more backends
	removedFile  = "REMOVED.txt"
)

// facts are what the template knows.
type facts struct {
	Name, Title, Seen          string
	Assumed, Unset, Sysctls    []string
	Sizes                      []size
	Quick, Config, Delay, Stop string
	Sources, Addresses         int
	Loopback                   bool
	Variants                   []variant
}

type variant struct{ Name, Title, Change, Law string }

// scenario is the text of scenario.yaml.
func (c *Case) scenario(name string, sizes []size) ([]byte, error) {
	f := facts{
		Name: name, Seen: c.seen(sizes[0]), Stop: plateau.String(), Sizes: sizes, Quick: sizes[0].Name,
		Title: fmt.Sprintf("%s connections a second on %s ports, as on a host", format.Rough(c.one.RatePerS),
			format.Grouped(c.one.Ports)),
		Sources: c.sources, Addresses: c.addresses(),
		Loopback: c.one.Loopback, Assumed: c.Assumed,
	}
	if d := c.delay(); d > 0 {
		f.Delay = d.String()
	}
	if c.route != nil {
		f.Config = configFile
	}
	f.Sysctls, f.Unset = c.sysctls()
	f.Variants = c.variants(sizes[0])
	var b bytes.Buffer
	err := scenarioTemplate.Execute(&b, f)
	return b.Bytes(), err
}

// seen says what is re-enacted.
func (c *Case) seen(s size) string {
	t := c.Tuple
	text := fmt.Sprintf("Seen on Linux %s, of %s: %s of %s ports taken towards one destination, "+
		"%s of them by TIME_WAIT, and %s connections a second that come to hold one.", numbersOf(c.Kernel),
		cmp.Or(c.program(), "a program that is not named"), format.Grouped(t.Taken),
		format.Grouped(*t.Tuples), format.Grouped(t.States[results.StateTimeWait]), format.Rough(c.one.RatePerS))
	switch {
	case t.State == diagnose.Exhausted:
		text += " connect() failed with error 99."
	case t.FirstError99S != nil:
		text += fmt.Sprintf(" Error 99 was due in %s.", format.About(*t.FirstError99S))
	}
	return text + fmt.Sprintf(" From an empty table on, the law has %s.", foretold(s.Foretold))
}

// addresses is how many the backend has in the lab.
func (c *Case) addresses() int {
	if c.route != nil {
		return len(c.route.peers())
	}
	return c.destinations
}

// variants are the baseline and the fixes that are worth a try, each alone.
func (c *Case) variants(s size) []variant {
	baseline := s.Foretold
	with := func(f func(*law.Setup)) string {
		l := s.Laws
		l.Baseline = &baseline
		f(&l)
		return foretold(law.Predict(l))
	}
	pool := c.poolSize(s)
	all := []variant{
		{Name: "baseline", Title: "as it is there", Law: foretold(baseline)},
		{
			Name: "keepalive", Title: "upstream keepalive", Change: fmt.Sprintf("proxy: {keepalive: %d}", pool),
			Law: with(func(l *law.Setup) { l.Keepalive, l.RequestsPerConn, l.Churn = pool, law.PooledRequests, 0 }),
		},
	}
	if hold := c.lab().HoldTime(); s.Laws.TwReuse != 1 && hold > s.Laws.ReuseDelay {
		all = append(all, variant{
			Name: "tw-reuse", Title: "tcp_tw_reuse=1", Change: "proxy: {sysctls: {net.ipv4.tcp_tw_reuse: 1}}",
			Law: with(func(l *law.Setup) { l.TwReuse = 1 }),
		})
	}
	more := variant{
		Name: "more-backends", Title: fmt.Sprintf("%d times the backend addresses", s.More),
		Change: fmt.Sprintf("backend: {addresses: %d}", s.More*c.addresses()),
		Law:    with(func(l *law.Setup) { *l = times(*l, s.More) }),
	}
	if c.one.Loopback {
		more.Title = fmt.Sprintf("%d times the backend ports", s.More)
		more.Change = fmt.Sprintf("backend: {ports: %d}", s.More*c.addresses())
	}
	if c.route != nil {
		all[1].Change = "proxy: {config: " + pooledFile + "}"
		more.Change += "\n    proxy: {config: " + moreFile + "}"
	}
	return append(all, more)
}

// foretold words a prediction.
func foretold(p law.Prediction) string {
	switch {
	case p.FirstError99S == nil:
		return "no error 99"
	case p.FirstError99LatestS != nil:
		return fmt.Sprintf("error 99 after %s to %s", format.Seconds(*p.FirstError99S),
			format.Seconds(*p.FirstError99LatestS))
	}
	return "error 99 after " + format.Seconds(*p.FirstError99S)
}

// numbersOf is a kernel's release without what somebody has added to it.
func numbersOf(release string) string { return regexp.MustCompile(`^[0-9.]*`).FindString(release) }

// ports and numbers are what a sysctl may be here.
var numeric = regexp.MustCompile(`^[0-9][0-9 ,-]*$`)

// sysctl is one of the namespace, "" where it is not known.
func (c *Case) sysctl(name string) string {
	if v := c.Namespace.Sysctls[name]; numeric.MatchString(v) {
		return v
	}
	return ""
}

// sysctls are those that the scenario sets at all sizes, and the others, which it need
// not or cannot.
func (c *Case) sysctls() (set, unset []string) {
	usual := map[string]string{
		"net.ipv4.tcp_tw_reuse": "", "net.ipv4.tcp_tw_reuse_delay": "1000",
		"net.ipv4.tcp_timestamps": "1", "net.ipv4.tcp_fin_timeout": "60",
	}
	elsewhere := []string{"net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"}
	if c.buckets() > 0 {
		elsewhere = append(elsewhere, "net.ipv4.tcp_max_tw_buckets")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Namespace.Sysctls)) {
		value := c.sysctl(name)
		switch without, decides := usual[name]; {
		case name == "net.ipv4.tcp_timestamps" && c.one.NoTimestamps:
		case decides && value != "" && value != without:
			set = append(set, name+": "+value)
		case value != "" && !decides && !slices.Contains(elsewhere, name):
			unset = append(unset, name+" = "+value)
		}
	}
	if c.sysctl("net.ipv4.tcp_tw_reuse") == "" {
		set = append(set, "net.ipv4.tcp_tw_reuse: "+strconv.Itoa(c.one.TwReuse))
	}
	if c.one.NoTimestamps { // at either end
		set = append(set, "net.ipv4.tcp_timestamps: 0")
	}
	return set, unset
}

// item is a sentence of a list in a comment, in lines.
func item(text string) string { return comment("#   - ", "#     ", text) }

// paragraph is a text in a comment, in lines.
func paragraph(text string) string { return comment("# ", "# ", text) }

func comment(first, others, text string) string {
	const width = 112
	var lines []string
	line := first
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = others
		}
		line += word + " "
	}
	return strings.Join(append(lines, strings.TrimRight(line, " ")), "\n")
}

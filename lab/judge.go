package lab

import (
	"fmt"
	"path"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/loadgen/figures"
	"github.com/lab99/lab99/results"
)

// judge makes the row of a variant, and writes it and what was measured into
// the variant's directory.
func (x *variantRun) judge(m *measured, b *baseline) (*results.Variant, error) {
	row := verdict.Judge(x.asMeasured(m, b))
	row.Timing = m.timing
	if row.FirstError != nil && m.timing.EnterToLoadS != nil {
		row.Timing.EnterToError99S = new(*m.timing.EnterToLoadS + *row.FirstError)
	}
	row.Timing.LoadS = row.LoadEndS
	for _, e := range []struct {
		name string
		at   *float64
	}{
		{"collapse", row.CollapseS}, {"first error 99", row.FirstError},
		{"load end", row.LoadEndS}, {"recovery", row.RecoveredS},
	} {
		if e.at != nil {
			x.journal.noteAt(*e.at, e.name, "", "")
		}
	}
	return &row, x.save(m, &row)
}

func quantiles(encoded []byte) *results.Latency {
	h, err := hdr.Decode(encoded)
	if err != nil {
		return nil
	}
	return figures.Quantiles(h, 1000)
}

// save writes what the variant's end adds to its directory.
func (x *variantRun) save(m *measured, row *results.Variant) error {
	file := func(name string) string { return path.Join(x.v.Name, name) }
	var errs []error
	for _, c := range []proxy.Config{m.conf.proxy, m.conf.backend} {
		if c.File != "" {
			errs = append(errs, x.store.WriteFile(file(c.File), c.Text))
		}
	}
	if done := m.load.done; done != nil {
		errs = append(errs, x.store.WriteJSON(file(results.TotalsFile), done.Totals))
		from, to := x.rec.wall(0).UnixMilli(), x.rec.wall(done.LoadSeconds()).UnixMilli()
		for _, l := range []struct {
			name, since string
			encoded     []byte
		}{
			{results.LatencyFile, results.FromIntended, done.Latency},
			{results.LatencyOKFile, results.FromIntended + ", of requests that succeeded", done.LatencyOK},
			{results.LatencyFailedFile, results.FromIntended + ", of requests that failed", done.LatencyFailed},
			{results.ServiceFile, results.FromActual, done.Service},
		} {
			if h, err := hdr.Decode(l.encoded); err == nil && h.TotalCount() > 0 {
				b, err := results.EncodeLatency(h, l.since, from, to)
				errs = append(errs, err, x.store.WriteFile(file(l.name), b))
			}
		}
	}
	if text := logText(m.load.observed); text != "" {
		errs = append(errs, x.store.WriteFile(file(results.LogFile), []byte(text)))
	}
	return storage(append(errs, x.store.WriteJSON(file(results.VerdictFile), row))...)
}

// logText is the excerpt of the proxy's error log: how often it said what, and
// the first lines of each kind.
func logText(o *agent.Observed) string {
	if o == nil || len(o.ByText) == 0 {
		return ""
	}
	var b strings.Builder
	for _, k := range format.ByCount(o.ByText) {
		fmt.Fprintf(&b, "# %d × %s\n", o.ByText[k], k)
	}
	for _, line := range o.Excerpt {
		b.WriteString(line + "\n")
	}
	return b.String()
}

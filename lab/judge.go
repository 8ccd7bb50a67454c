package lab

import (
	"fmt"
	"path"
	"sort"
	"strings"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/lab99/lab99/lab/verdict"
	"github.com/lab99/lab99/results"
)

// judge makes the row.
func (t *trial) judge() *results.Variant {
	t.phase("judge")
	t.m.Samples = t.rec.samples()
	t.m.Baseline = t.baselineFirst
	t.m.CPUs = t.cpus
	if t.done != nil {
		t.m.Latency, t.m.Service = quantiles(t.done.Latency), quantiles(t.done.Service)
	}
	row := verdict.Judge(t.m)
	row.Timing = t.timing
	if row.FirstError != nil && t.timing.EnterToLoadS != nil {
		s := *t.timing.EnterToLoadS + *row.FirstError
		row.Timing.EnterToError99S = &s
	}
	row.Timing.LoadS = row.LoadEndS
	for _, e := range []struct {
		name string
		at   *float64
	}{{"collapse", row.CollapseS}, {"first error 99", row.FirstError}, {"load end", row.LoadEndS}, {"recovery", row.RecoveredS}} {
		if e.at != nil {
			t.journal.noteAt(*e.at, e.name, "", "")
		}
	}
	return &row
}

func quantiles(encoded []byte) *results.Latency {
	h, err := hdr.Decode(encoded)
	if err != nil || h.TotalCount() == 0 {
		return nil
	}
	ms := func(us int64) float64 { return float64(us) / 1e3 }
	return &results.Latency{
		P50: ms(h.ValueAtQuantile(50)), P90: ms(h.ValueAtQuantile(90)), P99: ms(h.ValueAtQuantile(99)),
		P999: ms(h.ValueAtQuantile(99.9)), Max: ms(h.Max()),
	}
}

// save writes what the variant's end adds to its directory.
func (t *trial) save(row *results.Variant, written ...error) error {
	s := t.run.store
	file := func(name string) string { return path.Join(t.v.Name, name) }
	errs := append(written, s.WriteFile(file(results.NginxFile), t.conf.nginx))
	if t.conf.httpd != nil {
		errs = append(errs, s.WriteFile(file(results.HttpdFile), t.conf.httpd))
	}
	if t.done != nil {
		errs = append(errs, s.WriteJSON(file(results.TotalsFile), t.done.Totals))
		from, to := t.rec.wall(0).UnixMilli(), t.rec.wall(t.done.LoadSeconds()).UnixMilli()
		for _, l := range []struct {
			name, since string
			encoded     []byte
		}{{results.LatencyFile, results.FromIntended, t.done.Latency}, {results.ServiceFile, results.FromActual, t.done.Service}} {
			if h, err := hdr.Decode(l.encoded); err == nil {
				b, err := results.EncodeLatency(h, l.since, from, to)
				errs = append(errs, err, s.WriteFile(file(l.name), b))
			}
		}
	}
	if text := t.conf.logText(); text != "" {
		errs = append(errs, s.WriteFile(file(results.LogFile), []byte(text)))
	}
	errs = append(errs, s.WriteJSON(file(results.VerdictFile), row))
	return storage(errs...)
}

// logText is the excerpt of nginx's error log: how often it said what, and
// the first lines of each kind.
func (c *configs) logText() string {
	if len(c.byMessage) == 0 {
		return ""
	}
	var kinds []string
	for text := range c.byMessage {
		kinds = append(kinds, text)
	}
	sort.Slice(kinds, func(i, j int) bool {
		if a, b := c.byMessage[kinds[i]], c.byMessage[kinds[j]]; a != b {
			return a > b
		}
		return kinds[i] < kinds[j]
	})
	var b strings.Builder
	for _, k := range kinds {
		fmt.Fprintf(&b, "# %d × %s\n", c.byMessage[k], k)
	}
	for _, line := range c.excerpt {
		b.WriteString(line + "\n")
	}
	return b.String()
}

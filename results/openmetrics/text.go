package openmetrics

import (
	"strconv"
	"strings"
)

// ContentType is what a scrape of this text is answered with.
const ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// The types of metric there are here. The names of samples have their suffixes:
// OpenMetrics 1.0, section "Metric Types".
const (
	Counter = "counter" // _total
	Gauge   = "gauge"
	Info    = "info" // _info
	Unknown = "unknown"
)

// Family is a metric by its name, less the suffix of its type. A unit is the last word
// of the name.
type Family struct {
	Name, Type, Unit, Help string
}

// head appends the lines that come before the samples.
func (f Family) head(b []byte) []byte {
	b = append(b, "# TYPE "+f.Name+" "+f.Type+"\n"...)
	if f.Unit != "" {
		b = append(b, "# UNIT "+f.Name+" "+f.Unit+"\n"...)
	}
	return append(b, "# HELP "+f.Name+" "+escape(f.Help)+"\n"...)
}

// sample is what the samples are called.
func (f Family) sample() string {
	switch f.Type {
	case Counter:
		return f.Name + "_total"
	case Info:
		return f.Name + "_info"
	}
	return f.Name
}

// eof ends a text.
const eof = "# EOF\n"

// Exposition is the text that answers a scrape: values of now, without a time. The
// samples of a family follow it.
type Exposition struct {
	text []byte
	now  Family
}

// Family begins a metric.
func (e *Exposition) Family(f Family) {
	e.text, e.now = f.head(e.text), f
}

// Add adds a sample to the family that began last. Labels are pairs of a name and a
// value, which may be any text.
func (e *Exposition) Add(value float64, pairs ...string) {
	e.text = append(e.text, e.now.sample()...)
	if len(pairs) > 0 {
		e.text = append(e.text, labels(pairs...)...)
	}
	e.text = append(e.text, ' ')
	e.text = strconv.AppendFloat(e.text, value, 'g', -1, 64)
	e.text = append(e.text, '\n')
}

// Text is all of it, with its end.
func (e *Exposition) Text() []byte { return append(e.text[:len(e.text):len(e.text)], eof...) }

// escape is that of label values and help.
func escape(s string) string { return escaper.Replace(strings.ToValidUTF8(s, "\uFFFD")) }

var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// labels makes {a="b",c="d"} of pairs.
func labels(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0] + pairs[i] + `="` + escape(pairs[i+1]) + `"`)
	}
	return b.String() + "}"
}

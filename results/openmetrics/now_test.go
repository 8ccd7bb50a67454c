package openmetrics

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
)

// under is the small run told to a Now, scraped after every so many samples.
func under(n *Now, every int) (last string) {
	run := small()
	v := n.Begin("v", results.VariantPlan{Predicted: law.Prediction{Tuples: 50}})
	for i, s := range run.Variants[0].Samples {
		v.Sample(s)
		if i%every == 0 {
			n.Text()
		}
	}
	last = string(n.Text())
	v.End()
	return last
}

func TestNowGolden(t *testing.T) {
	var n Now
	golden.Compare(t, "testdata/now.txt", under(&n, 1))
}

// TestNowLosesNothing: the counters are the same however often it is scraped, and those of
// the file. Levels go with the lab.
func TestNowLosesNothing(t *testing.T) {
	counters := func(text string) string {
		return strings.Join(slices.Sorted(slices.Values(regexp.MustCompile(`(?m)^\w+_total\{.*$`).FindAllString(text, -1))),
			"\n")
	}
	var often, seldom Now
	a, b := counters(under(&often, 1)), counters(under(&seldom, 1000))
	if a != b || a == "" {
		t.Errorf("scraped often:\n%s\nscraped once:\n%s", a, b)
	}
	file := parsed(t, text(t, small()))
	for _, line := range strings.Split(a, "\n") {
		series, value, _ := strings.Cut(line, " ")
		if want, found := file[series]; !found || value != strconv.FormatFloat(want, 'g', -1, 64) {
			t.Errorf("%s is %s, and in the file %v", series, value, want)
		}
	}
	after := string(often.Text())
	if counters(after) != a {
		t.Errorf("behind its end the counters are\n%s\nwant\n%s", counters(after), a)
	}
	if rest := regexp.MustCompile(`(?m)^\w+\{.*$`).FindAllString(after, -1); len(rest) != strings.Count(a, "\n")+1 {
		t.Errorf("behind its end there are levels: %v", rest)
	}
}

// TestNowAgain: a variant that runs again begins at 0, and leaves others alone.
func TestNowAgain(t *testing.T) {
	var n Now
	other := n.Begin("v2", results.VariantPlan{})
	other.Sample(small().Variants[0].Samples[1])
	under(&n, 1)
	v := n.Begin("v", results.VariantPlan{Predicted: law.Prediction{Tuples: 70}})
	v.Again()
	text := string(n.Text())
	for _, want := range []string{`lab99_tuples{variant="v"} 70`, `node_netstat_Tcp_ActiveOpens{variant="v"} 0`,
		`lab99_requests_total{variant="v2",host="load",outcome="ok"} 3`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, `lab99_requests_total{variant="v",`) {
		t.Errorf("the first try's requests are still counted:\n%s", text)
	}
}

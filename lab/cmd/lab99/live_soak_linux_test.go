//go:build soak

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"golang.org/x/perf/benchmath"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/results"
)

// TestSoakLivePageMovesNoFigure: twenty pairs of runs, with the page and a reader of it and
// without, in turns. Of each figure the median of the paired differences has an interval of
// confidence, without an assumption about their distribution; it holds 0, and is narrow
// enough to say something. All intervals together hold with 95 % (Bonferroni).
func TestSoakLivePageMovesNoFigure(t *testing.T) {
	needs.Root(t)
	const pairs, most = 20, 32 // a pair with an invalid run, of a busy machine, counts for nothing
	figures := []struct {
		name  string
		width float64 // of the interval at most: what no reader of a report would call a difference
		of    func(v *results.Variant) float64
	}{
		{"ok", 2, func(v *results.Variant) float64 { return float64(*v.OK) }},
		{"first error 99, s", 0.05, func(v *results.Variant) float64 { return *v.FirstError }},
		{"new connections", 4, func(v *results.Variant) float64 { return float64(*v.NewConns) }},
		{"load factor", 0.05, func(v *results.Variant) float64 { return *v.RhoSteady }},
		{"ports at the most", 4, func(v *results.Variant) float64 { return float64(*v.Ports.PeakUsed) }},
		{"sent late", 8, func(v *results.Variant) float64 { return float64(*v.Late) }},
		{"latency p50, ms", 0.3, func(v *results.Variant) float64 { return v.Latency.P50 }},
		{"latency p99, ms", 5, func(v *results.Variant) float64 { return v.Latency.P99 }},
		{"proxy, cores", 0.01, func(v *results.Variant) float64 { return *v.CPU.Proxy }},
		{"generator, cores", 0.02, func(v *results.Variant) float64 { return *v.CPU.LoadGen }},
		{"lab99 itself, cores", 0.02, nil},
	}
	differences := make([][]float64, len(figures))
	valid := 0
	for n := 0; valid < pairs && n < most; n++ {
		var with, without lived
		if n%2 == 0 {
			with, without = liveRun(t, true), liveRun(t, false)
		} else {
			without, with = liveRun(t, false), liveRun(t, true)
		}
		if with.row == nil || without.row == nil {
			continue
		}
		valid++
		for k, f := range figures {
			if f.of == nil {
				differences[k] = append(differences[k], with.cores-without.cores)
				continue
			}
			differences[k] = append(differences[k], f.of(with.row)-f.of(without.row))
		}
	}
	if valid < pairs {
		t.Fatalf("%d pairs of %d are of valid runs, want %d: the machine is too busy", valid, most, pairs)
	}
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "figure\twith less without, median\tfrom\tto")
	each := 1 - 0.05/float64(len(figures))
	thresholds := benchmath.DefaultThresholds
	for k, f := range figures {
		s := benchmath.AssumeNothing.Summary(benchmath.NewSample(differences[k], &thresholds), each)
		fmt.Fprintf(tw, "%s\t%.4g\t%.4g\t%.4g\n", f.name, s.Center, s.Lo, s.Hi)
		switch own := f.of == nil; {
		case own && s.Hi > 0.01: // it may cost something
			t.Errorf("%s: up to %.4g, want at most 0.01", f.name, s.Hi)
		case !own && (s.Lo > 0 || s.Hi < 0):
			t.Errorf("%s moved: %.4g to %.4g", f.name, s.Lo, s.Hi)
		}
		if s.Hi-s.Lo > f.width {
			t.Errorf("%s: from %.4g to %.4g is too wide to say anything, want %.4g: the machine is too busy",
				f.name, s.Lo, s.Hi, f.width)
		}
	}
	tw.Flush()
	t.Logf("%d pairs, intervals of %.2f %% each\n%s", valid, 100*each, table.String())
}

// lived is a run: its row, nil where it is invalid, and how many cores the command itself
// took, without its hosts.
type lived struct {
	row   *results.Variant
	cores float64
}

// liveRun runs 300 ports at 100 a second, for 6 s, with the page and a reader or without.
func liveRun(t *testing.T, page bool) lived {
	t.Helper()
	args := []string{
		"run", tiny, "--set", "size.ports=300", "--set", "size.rate=100", "--set", "size.duration=10s", "--set",
		"load.stop.after_error_99=3s",
	}
	if page {
		args = append(args, "--live")
	}
	began := time.Now()
	i := startOn(t, "netns", args...)
	read := make(chan bool, 1)
	if page {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { read <- readPage(ctx, i) }()
	} else {
		read <- true
	}
	var ticks float64
	ended := make(chan struct{})
	go func() { i.cmd.Wait(); close(ended) }()
	for over := false; !over; {
		if now, ok := ownTicks(i.cmd.Process.Pid); ok {
			ticks = now
		}
		select {
		case <-ended:
			over = true
		case <-time.After(50 * time.Millisecond):
		}
	}
	if !<-read {
		t.Fatal("nobody read the page to its end")
	}
	s := i.summary(t)
	v := s.Variant("baseline")
	if v == nil || v.Verdict != "reproduced" {
		t.Logf("not counted: %s", s.Finding)
		return lived{}
	}
	return lived{v, ticks / 100 / time.Since(began).Seconds()}
}

// ownTicks is the processor time of a process without its children, in hundredths of a second.
func ownTicks(pid int) (float64, bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 || fields[0] == "Z" {
		return 0, false
	}
	user, uerr := strconv.ParseFloat(fields[11], 64)
	system, serr := strconv.ParseFloat(fields[12], 64)
	return user + system, uerr == nil && serr == nil
}

// readPage reads the page, the events to the end, and then the report, as a browser does.
func readPage(ctx context.Context, i *invocation) (all bool) {
	url := ""
	for ; url == "" && ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		if m := liveURL.FindStringSubmatch(i.stderr.String()); m != nil {
			url = m[1]
		}
	}
	var texts [3]string
	for n, path := range []string{"", "events", ""} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+path, nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return false
		}
		texts[n] = string(text)
	}
	return strings.Contains(texts[1], `"kind":"done","report":true`) && strings.Contains(texts[2], `id="verdicts"`)
}

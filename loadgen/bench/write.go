//go:build linux

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// markdown is the page of the results.
func (t rows) markdown(h *host, o options, all []round) string {
	var b strings.Builder
	counted, refused := 0, []string{}
	for i := range all {
		r := &all[i]
		if r.counts(o.keep) {
			counted++
		}
		if r.Refused != "" {
			refused = append(refused, fmt.Sprintf("round %d: %s", r.N, r.Refused))
		}
	}
	fmt.Fprintf(&b, "# loadgen beside its peers, %s\n\n", time.Now().Format("2006-01-02"))
	fmt.Fprintf(&b, "Medians of %d rounds; ratios are taken within a round. "+
		"Server on one core, generator on another, 64 connections, 1 KB\n"+
		"responses, loopback. CPU is user and system time of the whole process, its start included, "+
		"for every tool.\n\n",
		counted)
	if o.quick {
		fmt.Fprint(&b, "**A quick run, to see that everything works: the figures are not to be relied on.**\n\n")
	}
	if len(refused) > 0 && o.keep {
		fmt.Fprint(&b, "**Something else used the machine; these rounds were counted all the same:**\n\n")
	} else if len(refused) > 0 {
		fmt.Fprint(&b, "Rounds refused because something else used the machine:\n\n")
	}
	for _, s := range refused {
		fmt.Fprintln(&b, "* "+s)
	}
	if len(refused) > 0 {
		fmt.Fprintln(&b)
	}
	fmt.Fprintln(&b, "| figure | measured | must | aim | | each round |\n|---|---:|---:|---:|---|---|")
	for i := range t {
		w := &t[i]
		measured, each := "–", make([]string, len(w.values))
		if len(w.values) > 0 {
			measured = fmt.Sprintf(w.format, median(w.values))
		}
		for j, v := range w.values {
			each[j] = fmt.Sprintf(w.format, v)
		}
		bound := "≤ "
		if w.atLeast {
			bound = "≥ "
		}
		fmt.Fprintf(&b, "| %s | %s | %s%v | %s%v | %s | %s |\n",
			w.what, measured, bound, w.must, bound, w.aim, w.judged(),
			strings.Join(each, " "))
	}
	fmt.Fprintf(&b, "\n## Behind them\n\n%s\n## Machine\n\n%s", medians(o, all), machine())
	return b.String()
}

// machine says on what all this was measured, as the figures mean little
// elsewhere.
func machine() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	model := "unknown processor"
	info, _ := os.ReadFile("/proc/cpuinfo")
	if _, after, ok := strings.Cut(string(info), "model name\t: "); ok {
		model, _, _ = strings.Cut(after, "\n")
	}
	revision := "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return fmt.Sprintf("%d × %s, Linux %s, %s, revision %s; %s, %s; fortio 1.65.0, bombardier 1.2.6, vegeta 12.13.0.\n",
		runtime.NumCPU(), model, unix.ByteSliceToString(u.Release[:]), runtime.Version(), revision, firstLine("wrk",
			"-v"), firstLine("nginx", "-v"))
}

func firstLine(name string, args ...string) string {
	out, _ := exec.Command(name, args...).CombinedOutput() // wrk -v exits with 1
	line, _, _ := strings.Cut(string(out), "\n")
	line, _, _ = strings.Cut(line, " Copyright")
	return strings.TrimPrefix(strings.TrimSpace(line), "nginx version: ")
}

// writeCSV writes every single measurement.
func writeCSV(path string, all []round, many *figure) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := csv.NewWriter(f)
	_ = w.Write([]string{
		"round", "refused", "group", "tool", "rate", "requests", "seconds", "per_s", "cpu_us_per_request", "rss_mib",
		"foreign_cores", "time_wait", "lateness_p50_us", "lateness_p99_us", "gap_cv", "most_per_ms", "gc_cycles",
	})
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
	measured := func(v float64) string { // none of these is ever exactly 0
		if v == 0 {
			return ""
		}
		return number(v)
	}
	line := func(refused string, f *figure) {
		gcs := ""
		if f.Tool == "lab99" {
			gcs = strconv.Itoa(f.GCs)
		}
		_ = w.Write([]string{
			strconv.Itoa(f.Round), refused, f.Group, f.Tool, strconv.Itoa(f.Rate),
			strconv.FormatInt(f.Requests, 10), number(f.Seconds), number(f.perSecond()), number(f.CPUUs),
			number(f.RSSMiB), number(f.Foreign), strconv.Itoa(f.TimeWait), measured(f.LateP50), measured(f.LateP99),
			measured(f.GapCV), measured(float64(f.Burst)), gcs,
		})
	}
	for i := range all {
		for j := range all[i].Figures {
			line(all[i].Refused, &all[i].Figures[j])
		}
	}
	if many != nil {
		line("", many)
	}
	w.Flush()
	return w.Error()
}

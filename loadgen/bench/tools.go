//go:build linux

package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// toolset names the generators. A binary that is missing leaves its rows empty.
func toolset(dir string) map[string]tool {
	at := func(name string) string { return dir + "/" + name }
	return map[string]tool{
		"lab99":      lab99(at("lab99")),
		"loadgen":    alone(at("bench")),
		"wrk":        wrk(),
		"fortio":     fortio(at("fortio")),
		"bombardier": bombardier(at("bombardier")),
		"vegeta-64":  vegeta(at("vegeta")),
		"floor":      floor(at("floor")),
	}
}

var gcLine = regexp.MustCompile(`(?m)^gc \d+ @([0-9.]+)s`)

func lab99(bin string) tool {
	return tool{"lab99", func(r run) []string {
		args := []string{
			bin, "load", "--json", "--mode", r.mode, "--connections", strconv.Itoa(r.conns), "--duration", r.duration(),
		}
		if r.rate > 0 {
			args = append(args, "--rate", strconv.Itoa(r.rate))
		}
		return append(args, r.url)
	}, func(f *figure, r run, stdout, stderr []byte) error {
		var d struct {
			OK, Failed int64
			ElapsedS   float64                     `json:"elapsed_s"`
			Achieved   float64                     `json:"achieved_per_s"`
			Lateness   *struct{ P50, P99 float64 } `json:"lateness_us"`
		}
		if err := json.Unmarshal(stdout, &d); err != nil {
			return err
		}
		if d.Failed > 0 {
			return fmt.Errorf("%d requests failed", d.Failed)
		}
		f.Requests, f.Seconds, f.Achieved = d.OK, d.ElapsedS, d.Achieved
		if d.Lateness != nil {
			f.LateP50, f.LateP99 = d.Lateness.P50, d.Lateness.P99
		}
		for _, m := range gcLine.FindAllSubmatch(stderr, -1) {
			// Those before are of the start of the program; those after, of its report.
			if at, _ := strconv.ParseFloat(string(m[1]), 64); at > 0.1 && at < r.seconds {
				f.GCs++
			}
		}
		return nil
	}}
}

// alone is package loadgen in a program of its own.
func alone(bin string) tool {
	return tool{"loadgen", func(r run) []string {
		return []string{bin, "-drive", r.url}
	}, lab99(bin).read}
}

func wrk() tool {
	requests := regexp.MustCompile(`(\d+) requests in ([0-9.]+)s`)
	return tool{"wrk", func(r run) []string {
		return []string{"wrk", "-t1", "-c" + strconv.Itoa(r.conns), "-d" + r.duration(), r.url}
	}, func(f *figure, _ run, stdout, _ []byte) error {
		m := requests.FindSubmatch(stdout)
		if m == nil || strings.Contains(string(stdout), "Socket errors") {
			return errors.New("no count, or socket errors")
		}
		f.Requests, _ = strconv.ParseInt(string(m[1]), 10, 64)
		f.Seconds, _ = strconv.ParseFloat(string(m[2]), 64)
		return nil
	}}
}

func fortio(bin string) tool {
	return tool{"fortio", func(r run) []string {
		return []string{bin, "load", "-quiet", "-loglevel", "error",
			"-qps", strconv.Itoa(r.rate), "-c", strconv.Itoa(r.conns),
			"-t", r.duration(), "-json", r.scratch, r.url}
	}, func(f *figure, r run, _, _ []byte) error {
		b, err := os.ReadFile(r.scratch)
		if err != nil {
			return err
		}
		var d struct {
			ActualDuration    float64
			DurationHistogram struct{ Count int64 }
		}
		err = json.Unmarshal(b, &d)
		f.Requests, f.Seconds = d.DurationHistogram.Count, d.ActualDuration/1e9
		return err
	}}
}

func bombardier(bin string) tool {
	return tool{"bombardier", func(r run) []string {
		args := []string{bin, "--fasthttp", "-c", strconv.Itoa(r.conns), "-d", r.duration(), "-o", "json", "-p", "r"}
		if r.rate > 0 {
			args = append(args, "-r", strconv.Itoa(r.rate))
		}
		return append(args, r.url)
	}, func(f *figure, _ run, stdout, _ []byte) error {
		var d struct {
			Result struct {
				TimeTaken float64 `json:"timeTakenSeconds"`
				OK        int64   `json:"req2xx"`
			}
		}
		err := json.Unmarshal(stdout, &d)
		f.Requests, f.Seconds = d.Result.OK, d.Result.TimeTaken
		return err
	}}
}

// vegeta's own results are decoded after the run, out of its CPU.
func vegeta(bin string) tool {
	return tool{"vegeta-64", func(r run) []string {
		targets := r.scratch + ".targets"
		_ = os.WriteFile(targets, []byte("GET "+r.url+"\n"), 0o644)
		n := strconv.Itoa(r.conns)
		return []string{bin, "attack", "-targets", targets, "-rate", strconv.Itoa(r.rate),
			"-workers", n, "-max-workers", n, "-connections", n, "-duration", r.duration(), "-output", r.scratch}
	}, func(f *figure, r run, _, _ []byte) error {
		cmd := exec.Command(bin, "encode", "-to", "csv", r.scratch)
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		rows := csv.NewReader(out)
		rows.ReuseRecord = true
		for {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return cmd.Wait()
			}
			if err != nil {
				return errors.Join(err, cmd.Wait())
			}
			if row[1] == "200" {
				f.Requests++
			}
		}
	}}
}

func floor(bin string) tool {
	return tool{"floor", func(r run) []string {
		return []string{bin, r.port, r.path, strconv.Itoa(r.conns), strconv.FormatFloat(r.seconds, 'f', -1, 64)}
	}, func(f *figure, _ run, stdout, _ []byte) error {
		_, err := fmt.Sscan(string(stdout), &f.Requests, &f.Seconds)
		return err
	}}
}

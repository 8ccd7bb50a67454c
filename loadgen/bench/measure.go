//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

const (
	serverCore    = "0"
	generatorCore = "1"

	maxForeign  = 0.10 // of a core, used by others during a measurement
	maxTimeWait = 3000 // at its start: they make every connect dearer
)

// figure is one run of one tool.
type figure struct {
	Group, Tool string
	Rate        int // asked for, per second; 0: closed loop
	Round       int

	Requests int64
	Seconds  float64
	CPUUs    float64 // per request, of the whole process: start-up counts, for every tool
	RSSMiB   float64 // at its highest
	Foreign  float64 // cores used by others
	TimeWait int     // at the start

	LateP50, LateP99 float64 // µs; lab99 only
	Achieved         float64 // per second, as the tool says; lab99 only
	GapCV            float64 // as the server saw it
	Burst            int     // most arrivals within 1 ms
	GCs              int     // collections while the load ran; lab99 only
}

func (f *figure) perSecond() float64 { return float64(f.Requests) / f.Seconds }

// tool is a way to make load: a command line, and how to read how many
// requests it completed.
type tool struct {
	name string
	args func(r run) []string
	read func(f *figure, r run, stdout, stderr []byte) error
}

// run is what a tool is asked to do.
type run struct {
	url, port, path string
	rate, conns     int
	seconds         float64
	mode            string // of lab99
	scratch         string // a file for a tool that insists on one
}

func (r run) duration() string { return strconv.FormatFloat(r.seconds, 'f', -1, 64) + "s" }

// measure runs a tool on its core, while the server works on the other.
func (h *host) measure(ctx context.Context, group string, t tool, r run, serverPID int) (figure, error) {
	f := figure{Group: group, Tool: t.name, Rate: r.rate, Seconds: r.seconds, TimeWait: timeWait()}
	r.scratch = h.work + "/scratch"
	os.Remove(r.scratch)
	var stdout, stderr bytes.Buffer
	bound, cancel := context.WithTimeout(ctx, time.Duration((r.seconds+20)*float64(time.Second)))
	defer cancel()
	cmd := exec.CommandContext(bound, "taskset", append([]string{"-c", generatorCore}, t.args(r)...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "GODEBUG=gctrace=1") // on standard error; of use where it is read
	others := newWatch(serverPID)
	err := cmd.Start()
	if err == nil {
		peak := watchMemory(cmd.Process.Pid)
		err = cmd.Wait()
		f.RSSMiB = peak()
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w: %s", t.name, err, tail(stderr.String()+stdout.String()))
	}
	cpu := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	f.Foreign = others.foreign(cpu)
	if err := t.read(&f, r, stdout.Bytes(), stderr.Bytes()); err != nil || f.Requests == 0 {
		return f, fmt.Errorf("%s: its output is not understood (%w): %s", t.name, err, tail(stdout.String()))
	}
	f.CPUUs = cpu * 1e6 / float64(f.Requests)
	return f, nil
}

// watchMemory reads the highest resident size of a process, in MiB, until peak
// is called. The rusage of a child will not do: it starts from the size of the
// parent that forked it.
func watchMemory(pid int) (peak func() float64) {
	done, result := make(chan struct{}), make(chan float64)
	go func() {
		var kib float64
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
				if _, after, ok := strings.Cut(string(b), "VmHWM:"); ok {
					_, _ = fmt.Sscan(after, &kib)
				}
			case <-done:
				result <- kib / 1024
				return
			}
		}
	}()
	return func() float64 { close(done); return <-result }
}

func tail(s string) string { return s[max(0, len(s)-400):] }

// timeWait counts the sockets in TIME_WAIT.
func timeWait() int {
	b, _ := os.ReadFile("/proc/net/sockstat")
	_, after, _ := strings.Cut(string(b), " tw ")
	n, _ := strconv.Atoi(strings.Fields(after + " 0")[0])
	return n
}

package proxy_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/cli"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// tiny is a kind of proxy that no other file knows of: a reverse proxy that is
// part of this program.
type tiny struct{}

func (tiny) Name() string { return "tiny" }

func (tiny) Configure(_ scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	return proxy.Config{Command: []string{"tiny", at.Listen.String(), at.Backends[0].String()}}, nil
}

func (tiny) ReplyHeader() string { return "X-Tiny-Error" }

func (tiny) Cause(_ int, header []byte) string {
	if string(header) == "99" {
		return proxy.CauseConnect
	}
	return ""
}

// TestMain lets this program be lab99 with one more kind, in all the roles that
// a lab has for it: the command, the hosts' init, the agents, the backend and
// the proxy.
func TestMain(m *testing.M) {
	proxy.Register(tiny{}, nil, "")
	switch {
	case os.Args[0] != "lab99":
		os.Exit(m.Run())
	case os.Args[1] == "tiny":
		fmt.Fprintln(os.Stderr, serveTiny(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// serveTiny opens a connection for each request and is the first to close it.
func serveTiny(listen, backend string) error {
	if err := os.WriteFile("/proc/self/comm", []byte("tiny"), 0); err != nil {
		return err
	}
	return http.ListenAndServe(listen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := pass(w, r, backend); err != nil {
			if errors.Is(err, syscall.EADDRNOTAVAIL) {
				w.Header().Set("X-Tiny-Error", "99")
			}
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	}))
}

func pass(w http.ResponseWriter, r *http.Request, backend string) error {
	c, err := net.DialTimeout("tcp", backend, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.Write(c); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, err = io.Copy(w, resp.Body)
	return err
}

// lab99 runs this program as the command.
func lab99(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", args...)
	cmd.Args[0] = "lab99"
	b, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

func scenario(t *testing.T, kind string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	text := "{apiVersion: lab99/v1, name: of-its-own, ports: 300, rate: 150, duration: 4s, load: {stop: " +
		"{after_error_99: 1s}},\n" +
		"proxy: {kind: " + kind + "}, backend: {kind: agent}, variants: [{name: baseline, expect: {verdict: reproduced}}]}\n"
	filetest.Write(t, file, text)
	return file
}

// TestAKindIsOneFile takes a kind that only this file knows from a scenario to
// the report.
func TestAKindIsOneFile(t *testing.T) {
	needs.Root(t)
	runs := t.TempDir()
	var out string
	code := 2
	for try := 0; code == 2 && try < 3; try++ { // 2: the machine was too busy to measure
		out, code = lab99(t, "run", "--driver", "netns", "--out", runs, scenario(t, "tiny"))
	}
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	dir := filepath.Join(runs, "latest")
	if page, err := os.ReadFile(filepath.Join(dir, "report.html")); err != nil ||
		!strings.Contains(string(page), "of-its-own") {
		t.Errorf("no report: %v", err)
	}
	r, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	v := r.Summary.Variants[0]
	if v.Errors == nil || v.Errors.Error99 == 0 || v.NginxLog != nil || *v.OK < 299 || *v.OK > 302 {
		t.Errorf("%+v, log %v, %d succeeded; want error 99 after about 300 requests, and no log", v.Errors, v.NginxLog, *v.OK)
	}
}

func TestAnUnknownKindIsAMistakeOfTheFile(t *testing.T) {
	file := scenario(t, "tinny")
	out, code := lab99(t, "plan", file)
	if code != 64 || !strings.Contains(out, file+`:2:15: proxy.kind is "tinny"`) ||
		!strings.Contains(out, `did you mean "tiny"?`) {
		t.Errorf("exit code %d:\n%s", code, out)
	}
}

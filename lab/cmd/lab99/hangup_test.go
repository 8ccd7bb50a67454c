package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTerminalGoesAway: `lab99 run … 2>&1 | head` on a terminal that is then
// closed. Nobody reads any more, and SIGHUP comes: the run is ended in order,
// judged and reported, and nothing is left.
func TestTerminalGoesAway(t *testing.T) {
	onEach(t, func(t *testing.T, driver string) {
		i, begin := prepare(t, 15*time.Minute, driver, "run", tiny)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		i.cmd.Stdout, i.cmd.Stderr = w, w
		begin()
		w.Close()
		bufio.NewReader(r).ReadString('\n') // what head does
		r.Close()
		i.waitForLoad(t, 20) // lines have been written to nobody by then
		if err := i.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		i.wait(t, "130")
		if s := i.summary(t); !s.Partial || s.Variants[0].Verdict != "reproduced" {
			t.Errorf("partial %v, verdict %s: %s", s.Partial, s.Variants[0].Verdict, s.Variants[0].Why)
		}
		if _, err := os.Stat(filepath.Join(i.dir(t), "report.html")); err != nil {
			t.Error("there is no report: ", err)
		}
		i.nothingLeft(t)
	})
}

// TestHangup: SIGHUP ends a load like Ctrl-C, and nohup keeps it from that.
func TestHangup(t *testing.T) {
	served := make(chan bool, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served <- true }))
	defer server.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ trap, want, sent string }{
		{"", "130", ""},
		{"trap '' HUP; ", "0", "60 sent = 60 ok"},
	} {
		load := fmt.Sprintf("%sexec %s load --rate 50 --duration 1200ms %s", c.trap, self, server.URL)
		cmd := exec.Command("sh", "-c", load)
		cmd.Env = append(os.Environ(), "LAB99_AS_PROGRAM=1")
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-served: // it has its handlers by now
		case <-time.After(20 * time.Second):
		}
		cmd.Process.Signal(syscall.SIGHUP)
		if got := exitStatus(cmd.Wait()); got != c.want || !strings.Contains(out.String(), c.sent) {
			t.Errorf("%s: exit code %s, want %s and %q:\n%s", load, got, c.want, c.sent, out.String())
		}
	}
}

package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWatchedHostHasAPage: the page of diagnose --watch tells each look, behind a token, and
// ends with the command.
func TestWatchedHostHasAPage(t *testing.T) {
	path := binaryOf(t)
	cmd := exec.Command(path, "diagnose", "--live", "--pid", fmt.Sprint(os.Getpid())) // its own namespace takes no right
	var said, printed output
	cmd.Stderr, cmd.Stdout = &said, &printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	url := ""
	for by := time.Now().Add(30 * time.Second); url == ""; time.Sleep(10 * time.Millisecond) {
		if m := liveURL.FindStringSubmatch(said.String()); m != nil {
			url = m[1]
		} else if time.Now().After(by) {
			t.Fatalf("the URL is not said: %s", said.String())
		}
	}
	if resp, err := http.Get(url[:strings.LastIndex(strings.TrimSuffix(url, "/"), "/")] + "/events"); err != nil ||
		resp.StatusCode != http.StatusNotFound {
		t.Errorf("without the token: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
	resp, err := http.Get(url + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	looks, done := 0, false
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		switch text := lines.Text(); {
		case strings.HasPrefix(text, `data: {"kind":"look",`):
			if looks++; looks == 3 {
				cmd.Process.Signal(syscall.SIGINT)
			}
		case text == `data: {"kind":"done"}`:
			done = true
		}
	}
	cmd.Wait()
	if looks < 3 || !done {
		t.Errorf("%d looks, and the end is told: %v", looks, done)
	}
	if n := strings.Count(printed.String(), "(Ctrl-C ends it)"); n < looks {
		t.Errorf("%d looks are printed, and %d shown", n, looks)
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal of 80 columns; what is written to tty can be
// read from master.
func terminal(t *testing.T) (master, tty *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	t.Cleanup(func() { tty.Close() })
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// TestLoadShowsALiveLine: on a terminal one line is drawn over and over, never
// longer than the terminal is wide, and is gone in the end.
func TestLoadShowsALiveLine(t *testing.T) {
	s := loadTarget()
	defer s.Close()
	master, tty := terminal(t)
	cmd := lab99("load", "--rate", "100", "--duration", "1s", s.URL)
	cmd.Env = append(cmd.Env, "TERM=xterm")
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, tty
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64<<10)
	if err := master.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Log("no deadline for reading: ", err)
	}
	n, err := master.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	drawn := strings.Split(string(b[:n]), "\r\x1b[K")
	if len(drawn) < 4 || !strings.Contains(drawn[1], "of 1s") || !strings.Contains(drawn[1], "ok ") {
		t.Errorf("drawn was %q", drawn)
	}
	for _, line := range drawn {
		if n := len([]rune(line)); n > 79 {
			t.Errorf("%d columns on a terminal of 80: %q", n, line)
		}
	}
	if last := drawn[len(drawn)-1]; last != "" {
		t.Errorf("%q is left on the terminal", last)
	}
	if !strings.Contains(stdout.String(), "100 sent = 100 ok") {
		t.Errorf("the summary is %q", stdout.String())
	}
}

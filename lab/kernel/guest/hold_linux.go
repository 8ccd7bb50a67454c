package guest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// How it measures: so many connections, so far apart, that those that end together
// began at different times. The last ends after 60 s and the lump of the coarsest
// timer wheel there is, 5.12 s.
const (
	holdMany  = 40
	holdEvery = 100 * time.Millisecond
	holdLimit = 80 * time.Second
)

// Hold makes TIME_WAITs in a network namespace of its own and writes, as JSON, how
// long they stayed. It needs the right to make one.
func Hold(w io.Writer) error {
	runtime.LockOSThread() // never given back: the namespace is the thread's
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("leave for a network namespace: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	began, err := closeFirst()
	if err != nil {
		return err
	}
	var h Held
	for left := len(began); left > 0; time.Sleep(10 * time.Millisecond) {
		now := Now()
		if now-began[0] > holdLimit.Seconds() {
			break
		}
		tw, err := timeWaits()
		if err != nil {
			return err
		}
		for ; left > tw; left-- { // they end in the order in which they began
			h.S = append(h.S, now-began[len(began)-left])
		}
	}
	h.Made = len(began)
	return json.NewEncoder(w).Encode(h)
}

// closeFirst opens connections over loopback, closes this end of each first, and
// returns when.
func closeFirst() (began []float64, err error) {
	server, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(server)
	at := &unix.SockaddrInet4{Port: 7, Addr: [4]byte{127, 0, 0, 1}}
	if err := unix.Bind(server, at); err != nil {
		return nil, err
	}
	if err := unix.Listen(server, 16); err != nil {
		return nil, err
	}
	for range holdMany {
		client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		if err := unix.Connect(client, at); err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		peer, _, err := unix.Accept(server)
		if err != nil {
			return nil, fmt.Errorf("accept: %w", err)
		}
		unix.Close(client)
		unix.Close(peer) // the answer to it, with which the client's TIME_WAIT begins
		began = append(began, Now())
		time.Sleep(holdEvery)
	}
	return began, nil
}

// timeWaits counts those of the thread's network namespace.
func timeWaits() (int, error) {
	b, err := os.ReadFile("/proc/thread-self/net/sockstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		for i := 1; i+1 < len(f) && f[0] == "TCP:"; i += 2 {
			if f[i] == "tw" {
				return strconv.Atoi(f[i+1])
			}
		}
	}
	return 0, fmt.Errorf("sockstat counts no TIME_WAIT: %q", b)
}

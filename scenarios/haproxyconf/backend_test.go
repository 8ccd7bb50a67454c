package haproxyconf

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/lab/law"
)

func parse(t testing.TB, text string) *Config {
	t.Helper()
	c, err := Parse("haproxy.cfg", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// backend is the last one of a text.
func backend(t testing.TB, text string) *Backend {
	t.Helper()
	all := parse(t, text).Backends()
	if len(all) == 0 {
		t.Fatalf("no backend in %s", text)
	}
	return all[len(all)-1]
}

// TestConduct: what lines tell the laws. The figures are those measured (docs/proxies.md).
func TestConduct(t *testing.T) {
	const server = "\n server s 10.0.0.1:80"
	for text, want := range map[string]law.Conduct{
		"backend b" + server:                                  {CloseShare: 1, Tries: 4, Lines: 4, Passes: true}, // tcp is the default
		"defaults\n mode http\nbackend b" + server:            {Resets: true, Idle: law.NoCap, Tries: 4, Lines: 4},
		"defaults\n mode http\nbackend b\n mode tcp" + server: {CloseShare: 1, Tries: 4, Lines: 4, Passes: true},
		"backend b\n retries 0" + server:                      {CloseShare: 1, Tries: 1, Lines: 1, Passes: true},
		"backend b\n option nolinger" + server:                {Tries: 4, Lines: 4, Passes: true, Resets: true},
		"defaults\n option nolinger\nbackend b" + server:      {Tries: 4, Lines: 4, Passes: true, Resets: true},
		"backend b" + server + " source 10.1.1.1:1000-1009":   {CloseShare: 1, Tries: 4, Lines: 4, Passes: true, OwnPorts: 10},
		"backend b\n mode http\n http-reuse never" + server:   {Resets: true, Tries: 4, Lines: 4},
		"backend b\n mode http\n option httpclose" + server:   {Resets: true, Tries: 4, Lines: 4},
		"backend b\n mode http" + server + " pool-max-conn 2": {Resets: true, Idle: 2, IdleInAll: true, Tries: 4, Lines: 4},
		// A defaults section starts anew.
		"defaults\n retries 7\ndefaults\nbackend b" + server:            {CloseShare: 1, Tries: 4, Lines: 4, Passes: true},
		"defaults a\n retries 1\ndefaults c from a\nbackend b" + server: {CloseShare: 1, Tries: 2, Lines: 2, Passes: true},
		"defaults a\n retries 1\ndefaults c\nbackend b from a" + server: {CloseShare: 1, Tries: 2, Lines: 2, Passes: true},
		"defaults\n mode http\n option http-server-close\nbackend b\n no option http-server-close" + server: {
			Resets: true, Idle: law.NoCap, Tries: 4, Lines: 4},
		"defaults\n mode http\nfrontend f\n option httpclose\n default_backend b\nbackend b" + server: {
			Resets: true,
			Tries:  4,
			Lines:  4,
		},
		"defaults\n mode http\n option httpclose\nbackend b\n option http-keep-alive" + server: {
			Resets: true,
			Idle:   law.NoCap,
			Tries:  4,
			Lines:  4,
		},
		"defaults\n option nolinger\nbackend b\n no option nolinger" + server: {CloseShare: 1, Tries: 4, Lines: 4, Passes: true},
	} {
		if diff := cmp.Diff(want, backend(t, text+"\n").Conduct()); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

// TestPool: each server keeps as many as its pool-max-conn, so all keep the sum. HAProxy 2.6.12
// with two threads kept 2 and 6 of forty connections.
func TestPool(t *testing.T) {
	const two = "server a 10.0.0.1:80 pool-max-conn 2\n server b 10.0.0.2:80 pool-max-conn 6"
	for text, want := range map[string]int{
		two: 8,
		"server a 10.0.0.1:80 pool-max-conn 2\n server b 10.0.0.1:80 pool-max-conn 6":   8,
		two + "\n server c 10.0.0.3:80 pool-max-conn 1\n server d 10.0.0.4:80 disabled": 9,
		"server-template s 3 be.example:80 pool-max-conn 4":                             12,
		"server a 10.0.0.1:80 pool-max-conn 2\n server b 10.0.0.2:80":                   law.NoCap,
	} {
		b := backend(t, "backend b\n mode http\n "+text+"\n")
		s := b.Laws(law.Setup{Workers: 4})
		if s.Keepalive != want || s.Pool().Keepalive != want {
			t.Errorf("%s: %d idle connections, want %d", text, s.Keepalive, want)
		}
		if p := s.Pool(); want != law.NoCap && p.Workers != 1 {
			t.Errorf("%s: each of %d workers has a pool", text, p.Workers)
		}
	}
}

// TestLanes: what has ports of its own is a pair of source and destination.
func TestLanes(t *testing.T) {
	for text, want := range map[string]string{
		"server a 10.0.0.1:80\nserver b 10.0.0.2:80": "-10.0.0.1:80 0.50, -10.0.0.2:80 0.50",
		"server a 10.0.0.1:80\nserver b 10.0.0.1:80": "-10.0.0.1:80 1.00",
		"server a 10.0.0.1:80 source 10.1.0.1\nserver b 10.0.0.1:80 source 10.1.0.2": "10.1.0.1-10.0.0.1:80 " +
			"0.50, 10.1.0.2-10.0.0.1:80 0.50",
		"source 10.1.0.9\nserver a 10.0.0.1:80\nserver b 10.0.0.2:80 source 10.1.0.1:5-9": "10.1.0.9-10.0.0.1:80 " +
			"0.50, 10.1.0.1-10.0.0.2:80 0.50 own 5",
		"server a 10.0.0.1:80 weight 3\nserver b 10.0.0.2:80":                                     "-10.0.0.1:80 0.75, -10.0.0.2:80 0.25",
		"server a 10.0.0.1:80 weight 0\nserver b 10.0.0.2:80 disabled\nserver c 10.0.0.3:80":      "-10.0.0.3:80 1.00",
		"server a 10.0.0.1:80 disabled\nserver b 10.0.0.2:80 backup\nserver c 10.0.0.3:80 backup": "-10.0.0.2:80 1.00",
		"option allbackups\nserver b 10.0.0.2:80 backup\nserver c 10.0.0.3:80 backup":             "-10.0.0.2:80 0.50, -10.0.0.3:80 0.50",
		"default-server maxconn 7\nserver a 10.0.0.1:80\nserver b 10.0.0.1:80":                    "-10.0.0.1:80 1.00 limit 14",
		"server a 10.0.0.1:80 maxconn 7\nserver b 10.0.0.1:80":                                    "-10.0.0.1:80 1.00",
		// The value of cookie.
		"server a 10.0.0.1:80 cookie disabled":                                            "-10.0.0.1:80 1.00",
		"server-template s 1-3 be.example:80":                                             "-be.example:80 1.00",
		"server a unix@/run/a.sock\nserver b 10.0.0.1:80":                                 "-10.0.0.1:80 0.50",
		"server a /run/a.sock":                                                            "",
		"balance first\nserver a 10.0.0.1:80\nserver b 10.0.0.2:80":                       "-10.0.0.1:80 1.00",
		"server a [2001:db8::1]:80\nserver b ipv4@10.0.0.1:80":                            "-[2001:db8::1]:80 0.50, -10.0.0.1:80 0.50",
		"use-server a if x\nserver a 10.0.0.1:80 weight 0\nserver b 10.0.0.2:80":          "-10.0.0.2:80 1.00, -10.0.0.1:80 0.00",
		"use-server a if x\nserver a 10.0.0.1:80 backup\nserver b 10.0.0.2:80":            "-10.0.0.2:80 1.00, -10.0.0.1:80 0.00",
		"use-server a if x\nserver a 10.0.0.1:80 disabled\nserver b 10.0.0.2:80":          "-10.0.0.2:80 1.00",
		"use-server a if x\nserver a 10.0.0.1:80\nserver b 10.0.0.2:80":                   "-10.0.0.1:80 0.50, -10.0.0.2:80 0.50",
		"use-server a if x\nserver a 10.0.0.1:80 weight 0\nserver b 10.0.0.2:80 disabled": "-10.0.0.1:80 1.00",
		"default-server weight 0\nuse-server %[path] if x\nserver a 10.0.0.1:80\nserver b 10.0.0.2:80": "-10.0.0.1:80 0.50, " +
			"-10.0.0.2:80 0.50",
		"use-server a2 if x\nserver-template a 3 10.0.0.1:80 weight 0\nserver b 10.0.0.2:80": "-10.0.0.2:80 1.00, -10.0.0.1:80 0.00",
		"use-server ab if x\nserver-template a 3 10.0.0.1:80 weight 0\nserver b 10.0.0.2:80": "-10.0.0.2:80 1.00",
		"server a 10.0.0.1": "-10.0.0.1:(the client's) 1.00",
	} {
		var got []string
		for _, l := range backend(t, "backend b\n"+text+"\n").Lanes() {
			s := fmt.Sprintf("%s-%s %.2f", l.Source, l.Destination, l.Share)
			if l.Own > 0 {
				s += fmt.Sprintf(" own %d", l.Own)
			}
			if l.Limit > 0 {
				s += fmt.Sprintf(" limit %d", l.Limit)
			}
			got = append(got, s)
		}
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("%s\nis   %s\nwant %s", text, g, want)
		}
	}
}

// TestLimits: how many clients a backend gets, and how long a check keeps a server out.
func TestLimits(t *testing.T) {
	for text, want := range map[string]int{
		"frontend f\n maxconn 10\n default_backend b\nbackend b\n":                                  10,
		"global\n maxconn 5\nfrontend f\n maxconn 10\n default_backend b\nbackend b\n":              5,
		"frontend f\n maxconn 10\n use_backend b if x\nfrontend g\n default_backend b\nbackend b\n": 0,
		"frontend f\n maxconn 10\n use_backend %[path]\nbackend b\n":                                10,
		"frontend f\n maxconn 10\n default_backend c\nbackend b\n":                                  0,
	} {
		if got := backend(t, text).ClientLimit(); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	b := backend(t, "backend b\n default-server inter 3s rise 3\n server s 10.0.0.1:80 check\n"+
		" server r 10.0.0.2:80 check inter 1000\n")
	if got := b.Checked(); got != 9*time.Second {
		t.Errorf("%v", got)
	}
}

package lab

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/results"

	"github.com/lab99/lab99/scenarios"
)

// TestPlansSayWhyNot: what a plan knows of reasons against it, each said once
// for all variants that it is about.
func TestPlansSayWhyNot(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own.conf")
	filetest.Write(t, own, "events {}\n"+
		"http { upstream b { server app:80; } server { location / { proxy_pass http://b; } } }\n")
	closing := filepath.Join(t.TempDir(), "closing.conf")
	filetest.Write(t, closing, "events {}\nhttp { server { location / { proxy_http_version 1.1; "+
		"proxy_set_header Connection close; proxy_pass http://app:80; } } }\n")
	for _, c := range []struct {
		name, size, nginx, kernel string
		set                       []string
		want                      []string // a part of each sentence
	}{
		{"as it is", "quick", "1.30.1", "6.18.5", nil, nil},
		{
			name:  "a small conntrack table",
			size:  "quick",
			nginx: "1.30.1",
			set:   []string{"size.ports=2000"},
			want:  []string{"nf_conntrack_max is 1600 and 2000 connections"},
		},
		{
			name:  "few descriptors",
			size:  "quick",
			nginx: "1.30.1",
			set:   []string{"load.connections=1000"},
			want:  []string{"nginx may open 1024 files, and 1000 connections need 2064"},
		},
		{
			name:  "reserved ports",
			size:  "quick",
			nginx: "1.30.1",
			set:   []string{"proxy.sysctls.net.ipv4.ip_local_reserved_ports=20000-20249,40000"},
			want:  []string{"250 of the 500 ports", "P is 250"},
		},
		{
			name:  "Connection: close of one's own",
			size:  "quick",
			nginx: "1.30.1",
			set:   []string{"proxy.config=" + closing},
			want:  []string{"nginx asks for every connection to be closed"},
		},
		{
			name: "few buckets",
			size: "quick",
			set:  []string{"proxy.sysctls.net.ipv4.tcp_max_tw_buckets=300"},
			want: []string{
				"baseline: tcp_max_tw_buckets is 300 and there are 500 tuples",
				"multi-ip: tcp_max_tw_buckets is 300, no more than half of the 1500 tuples"},
		},
		{
			name: "no timestamps",
			size: "quick",
			set:  []string{"proxy.sysctls.net.ipv4.tcp_timestamps=0"},
			want: []string{"tw-reuse: tcp_timestamps is 0"},
		},
		{
			name: "KeepAlive Off",
			size: "quick",
			set:  []string{"backend.keepalive=off"},
			want: []string{"baseline, keepalive", "tw-reuse: Apache", "multi-ip: Apache"},
		},
		{"the default range", "full", "", "6.18.5", nil, []string{"baseline, multi-ip: connect() tries"}},
		{
			name:  "a pool by default",
			size:  "quick",
			nginx: "1.30.1",
			set:   []string{"proxy.config=" + own},
			want:  []string{"nginx keeps 32 idle upstream connections in each worker, its default"},
		},
		{
			name:  "HTTP/1.0 by default",
			size:  "quick",
			nginx: "1.22.1",
			set:   []string{"proxy.config=" + own},
			want:  []string{"nginx speaks HTTP/1.0 to the backend (nginx's default), so Apache"},
		},
		{
			name:  "HTTP/1.0 in the scenario",
			size:  "quick",
			nginx: "1.30.1",
			set:   []string{"proxy.http=1.0"},
			want:  []string{"nginx asks for every connection to be closed"},
		},
		{
			name:  "left to an old release",
			size:  "quick",
			nginx: "1.22.1",
			set:   []string{"proxy.http=default"},
			want:  []string{"nginx 1.22.1 speaks HTTP/1.0"},
		},
		{
			name:  "left to a new one, with a block",
			size:  "quick",
			nginx: "1.30.1",
			set:   []string{"proxy.http=default", "proxy.upstream_block=on"},
			want:  []string{"baseline, tw-reuse, multi-ip: nginx 1.30.1 keeps 32"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			release := func(scenarios.Variant) string { return c.nginx }
			r, notes := Applicable(Understand(resolve(t, c.size, c.set...), release))
			reasons := Reasons(r, release, Platform{CPUs: 2, Kernel: c.kernel, ConntrackMax: 1600, NoFile: 1024})
			got := strings.Join(append(notes, reasons...), "\n")
			if len(c.want) == 0 && got != "" {
				t.Errorf("reasons %q, want none", got)
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("the reasons lack %q:\n%s", want, got)
				}
			}
		})
	}
}

// TestRunsSayWhyNot adds what was read back: ports lost, tables, descriptors.
func TestRunsSayWhyNot(t *testing.T) {
	r := resolve(t, "quick")
	p, err := Plan(r, "docker", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	x := &variantRun{o: &Options{Driver: &fakeDriver{}}, v: r.Variants[0], plan: p.Variants[0]}
	got := strings.Join(x.reasons(results.HostEnv{
		UsablePorts: 490,
		NoFile:      100,
		Version:     "1.22.1",
		Sysctls: map[string]string{
			portRange: "20000 20499", "net.ipv4.tcp_max_tw_buckets": "300", "net.netfilter.nf_conntrack_max": "400",
		},
	}, ""), "\n")
	for _, want := range []string{"10 of the 500 ports", "tcp_max_tw_buckets is 300 and there are 490 tuples",
		"nf_conntrack_max is 400 and 490 connections", "may open 100 files"} {
		if !strings.Contains(got, want) {
			t.Errorf("the reasons lack %q:\n%s", want, got)
		}
	}
}

// TestHostNetworkIsSeen by the name of nginx's namespace: this one's own, where a
// kernel has names for them, and no other.
func TestHostNetworkIsSeen(t *testing.T) {
	r := resolve(t, "quick")
	p, err := Plan(r, "docker", 2, "")
	if err != nil {
		t.Fatal(err)
	}
	here := probe.NetNS()
	for ns, want := range map[string]bool{here: here != "", "another": false} {
		x := &variantRun{o: &Options{Driver: &fakeDriver{}}, v: r.Variants[0], plan: p.Variants[0]}
		got := strings.Join(x.reasons(results.HostEnv{UsablePorts: 500}, ns), "\n")
		if strings.Contains(got, "nginx is in the host's network namespace: its 500 ports") != want {
			t.Errorf("in namespace %q: %q", ns, got)
		}
	}
}

func TestReasonsAreSaidOnce(t *testing.T) {
	var why reasons
	if news := why.add("a", []string{"x", "y"}); len(news) != 2 {
		t.Errorf("news %q", news)
	}
	if news := why.add("b", []string{"y", "z"}); len(news) != 1 || news[0] != "z" {
		t.Errorf("news %q", news)
	}
	if got := strings.Join(why.notes(), "; "); got != "a: x; a, b: y; b: z" {
		t.Error(got)
	}
}

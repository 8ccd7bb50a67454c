package doctor

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/driver"
)

// well are the facts of a machine on which everything is as it should be.
func well() Facts {
	no := false
	in := InsideFacts{Sysctls: map[string]string{"net.ipv4.tcp_tw_reuse_delay": "1000"}, Tracked: &no, UsablePort: 100}
	return Facts{
		Engine:     EngineFacts{Machine: driver.Machine{Engine: "Docker 28.5.0 (API 1.51, overlay2)", Kernel: "6.18.0", CPUs: 8, MemoryMiB: 16000}},
		Namespaces: NamespaceFacts{Direct: &Trial{InsideFacts: in}, ByUser: &Trial{InsideFacts: in}},
		Privileges: PrivilegeFacts{UID: 0, Capabilities: 0x1ffffffffff}, Descriptors: 1048576,
		Subnets: []SubnetFacts{{netip.MustParsePrefix("198.18.99.0/24"), ""}, {netip.MustParsePrefix("198.19.99.0/24"), ""}},
		Images: []ImageFacts{
			{Role: "nginx", Ref: "nginx:1.30", Used: "nginx:1.30", Version: "1.30.2", Source: "present", Suite: "bookworm"},
			{Role: "httpd", Ref: "httpd:2.4", Suite: "bookworm"},
		},
		Kernel: "6.18.0", CPUs: 8, MemoryMiB: 16000, Conntrack: ConntrackFacts{Loaded: true, Max: 262144},
		Disk: DiskFacts{Dir: "results/runs", FreeMiB: 50000},
	}
}

func noEngine(f *Facts) {
	f.Engine = EngineFacts{Err: "no Docker engine answers: permission denied", Hint: "Run as a user of the group docker, or as root."}
}

func noNamespaces(f *Facts) {
	f.Namespaces = NamespaceFacts{
		Err: "this machine does not let its user make namespaces: operation not permitted", Hint: "Run as root, or let root allow it: sysctl -w kernel.unprivileged_userns_clone=1.",
		ByUser: &Trial{Err: "make namespaces: operation not permitted"},
	}
}

// TestJudgements holds each check to its ok, its warn and its fail, and to a
// remedy wherever the status is not ok.
func TestJudgements(t *testing.T) {
	for _, tc := range []struct {
		name, check string
		change      func(*Facts)
		status      string
		says        string // in what was found or in the remedy
	}{
		{"an engine", "driver docker", func(*Facts) {}, OK, "Docker 28.5.0"},
		{"a remote engine", "driver docker", func(f *Facts) { f.Engine.Machine.Kernel = "5.10.0" }, OK, "another machine, of kernel 5.10.0"},
		{"no engine, but namespaces", "driver docker", noEngine, Warn, "group docker"},
		{"no engine and no namespaces", "driver docker", func(f *Facts) { noEngine(f); noNamespaces(f) }, Fail, "permission denied"},

		{"root", "driver netns", func(*Facts) {}, OK, "as root"},
		{"no root", "driver netns", func(f *Facts) { f.Namespaces.Direct = nil }, OK, "without root"},
		{"root in a container, user namespaces work", "driver netns", func(f *Facts) { f.Namespaces.Direct.Err = "operation not permitted" }, OK, "without root"},
		{"no namespaces, but an engine", "driver netns", noNamespaces, Warn, "sysctl -w kernel.unprivileged_userns_clone=1"},
		{"no namespaces and no engine", "driver netns", func(f *Facts) { noEngine(f); noNamespaces(f) }, Fail, "operation not permitted"},
		{"the driver fails where the look around did not", "driver netns", func(f *Facts) {
			f.Namespaces.Err, f.Namespaces.Hint = "mount a /proc of its own: operation not permitted", "Look at a container's seccomp profile."
		}, Warn, "a /proc of its own"},

		{"root", "privileges", func(*Facts) {}, OK, "root"},
		{"a user", "privileges", func(f *Facts) { f.Privileges = PrivilegeFacts{UID: 1000} }, OK, "user 1000"},
		{"root in a container", "privileges", func(f *Facts) { f.Privileges.Capabilities = 0xa80425fb }, Warn, "as in a container"},
		{"no users", "privileges", func(f *Facts) { f.Privileges.UID = -1 }, OK, "ordinary"},

		{"enough", "descriptors", func(f *Facts) { f.Descriptors = driver.WantFiles }, OK, "8192"},
		{"too few", "descriptors", func(f *Facts) { f.Descriptors = driver.WantFiles - 1 }, Warn, "ulimit"},
		{"unknown", "descriptors", func(f *Facts) { f.Descriptors = 0 }, OK, "not known"},

		{"all free", "subnets", func(*Facts) {}, OK, "free: 198.18.99.0/24, 198.19.99.0/24"},
		{"one free", "subnets", func(f *Facts) { f.Subnets[0].TakenBy = "198.18.0.0/16 of tun0" }, OK, "198.18.99.0/24 taken by 198.18.0.0/16 of tun0"},
		{"none free", "subnets", func(f *Facts) { f.Subnets[0].TakenBy, f.Subnets[1].TakenBy = "a VPN", "a VPN" }, Fail, "--subnet"},
		{"none free, and no engine that would share them", "subnets", func(f *Facts) { noEngine(f); f.Subnets[0].TakenBy, f.Subnets[1].TakenBy = "a VPN", "a VPN" }, OK, "a network to itself"},

		{"in the engine", "nginx", func(*Facts) {}, OK, "present 1.30.2"},
		{"not in the engine", "httpd", func(*Facts) {}, OK, "pulls it, or makes one from the packages of bookworm"},
		{"not in the engine, no packages", "httpd", func(f *Facts) { f.Images[1].Suite = "" }, Warn, "docker pull httpd:2.4"},
		{"the engine cannot say", "httpd", func(f *Facts) { f.Images[1].Err = "no space left" }, Warn, "docker images"},
		{"no engine", "httpd", noEngine, OK, "the driver netns makes one"},
		{"no engine, no packages, a binary", "httpd", func(f *Facts) {
			noEngine(f)
			f.Images[1].Suite, f.Images[1].Program = "", "/usr/sbin/httpd"
		}, OK, "/usr/sbin/httpd"},
		{"no engine, no packages, no binary", "httpd", func(f *Facts) { noEngine(f); f.Images[1].Suite = "" }, Warn, "install httpd"},

		{"sock_diag", "INET_DIAG", func(*Facts) {}, OK, "SOCK_DESTROY ends them"},
		{"no SOCK_DESTROY", "INET_DIAG", func(f *Facts) { f.Namespaces.Direct.Destroy = "operation not supported" }, OK, "does not need it"},
		{"no sock_diag", "INET_DIAG", func(f *Facts) { f.Namespaces.Direct.Dump = "protocol not supported" }, Fail, "modprobe tcp_diag"},
		{"no namespace to look from", "INET_DIAG", noNamespaces, OK, "could not be looked at"},

		{"the default", "tw_reuse_delay", func(*Facts) {}, OK, "1000 ms"},
		{"an older kernel", "tw_reuse_delay", func(f *Facts) { f.Namespaces.Direct.Sysctls = nil }, OK, "fixed at 1 s"},
		{"another", "tw_reuse_delay", func(f *Facts) { f.Namespaces.Direct.Sysctls["net.ipv4.tcp_tw_reuse_delay"] = "0" }, Warn, "proxy.sysctls.net.ipv4.tcp_tw_reuse_delay"},
		{"no namespace to look from", "tw_reuse_delay", noNamespaces, OK, "could not be looked at"},

		{"allowed", "user namespaces", func(*Facts) {}, OK, "can be made"},
		{"none left", "user namespaces", func(f *Facts) {
			f.Namespaces.ByUser.Err, f.Namespaces.Hint = "make namespaces: no space left on device", "sysctl -w user.max_user_namespaces=10000"
		}, Warn, "user.max_user_namespaces=10000"},

		{"large", "conntrack", func(*Facts) {}, OK, "not tracked"},
		{"tracked", "conntrack", func(f *Facts) { yes := true; f.Namespaces.Direct.Tracked = &yes }, OK, "tracked from the start"},
		{"not loaded", "conntrack", func(f *Facts) { f.Conntrack = ConntrackFacts{} }, OK, "not loaded"},
		{"small", "conntrack", func(f *Facts) { f.Conntrack.Max = 65536 }, Warn, "sysctl -w net.netfilter.nf_conntrack_max="},

		{"two", "CPUs", func(f *Facts) { f.Engine.Machine.CPUs = 2 }, OK, "2"},
		{"one", "CPUs", func(f *Facts) { f.Engine.Machine.CPUs = 1 }, Warn, "second one"},
		{"one here, eight where the engine is", "CPUs", func(f *Facts) { f.CPUs = 1 }, OK, "8"},
		{"enough", "memory", func(f *Facts) { f.Engine.Machine.MemoryMiB = wantMiB }, OK, "1024 MiB"},
		{"little", "memory", func(f *Facts) { f.Engine.Machine.MemoryMiB = wantMiB - 1 }, Warn, "--size quick"},
		{"unknown", "memory", func(f *Facts) { noEngine(f); f.MemoryMiB = 0 }, OK, "not known"},

		{"here", "kernel", func(*Facts) {}, OK, "6.18.0"},
		{"not Linux", "kernel", func(f *Facts) { f.Kernel = "" }, OK, "none of Linux here; the engine has 6.18.0"},

		{"room", "disk for results", func(*Facts) {}, OK, "50000 MiB free for results/runs"},
		{"little room", "disk for results", func(f *Facts) { f.Disk.FreeMiB = wantDiskMiB - 1 }, Warn, "--out"},
		{"no room", "disk for results", func(f *Facts) { f.Disk.FreeMiB = needDiskMiB - 1 }, Fail, "--out"},
		{"not writable", "disk for results", func(f *Facts) { f.Disk.Err = "results: not writable: permission denied" }, Fail, "not writable"},
		{"unknown", "disk for results", func(f *Facts) { f.Disk.FreeMiB = -1 }, OK, "not known"},
	} {
		t.Run(tc.check+"/"+tc.name, func(t *testing.T) {
			f := well()
			// The two trials of well share a map, which one of them may change.
			f.Namespaces.ByUser.Sysctls = nil
			tc.change(&f)
			for _, c := range Judge(f).Checks {
				if (c.Remedy != "") != (c.Status != OK) {
					t.Errorf("%s is %s with the remedy %q", c.Name, c.Status, c.Remedy)
				}
				if strings.ContainsAny(c.Found+c.Remedy, "\n") {
					t.Errorf("%s takes more than a line", c.Name)
				}
				if c.Name == tc.check {
					if c.Status != tc.status || !strings.Contains(c.Found+" → "+c.Remedy, tc.says) {
						t.Errorf("got %+v, want %s and %q", c, tc.status, tc.says)
					}
					return
				}
			}
			t.Error("there is no such check")
		})
	}
}

func TestDriverOfARun(t *testing.T) {
	for want, change := range map[string]func(*Facts){
		"docker": noNamespaces,
		"netns":  noEngine,
		"":       func(f *Facts) { noEngine(f); noNamespaces(f) },
	} {
		f := well()
		change(&f)
		if got := Judge(f).Driver; got != want {
			t.Errorf("driver %q, want %q", got, want)
		}
	}
}

// TestScreen holds the page to recorded facts: a machine that is well, and
// one with no way to run a lab.
func TestScreen(t *testing.T) {
	bad := well()
	noEngine(&bad)
	noNamespaces(&bad)
	bad.Privileges, bad.Descriptors, bad.CPUs, bad.MemoryMiB = PrivilegeFacts{UID: 1000}, 1024, 1, 512
	bad.Subnets[0].TakenBy, bad.Subnets[1].TakenBy = "198.18.0.0/15 of tun0", "198.18.0.0/15 of tun0"
	bad.Images[0], bad.Images[1].Suite = ImageFacts{Role: "nginx", Ref: "nginx:1.30"}, ""
	bad.Conntrack.Max = 8192
	bad.Disk = DiskFacts{Dir: "results/runs", FreeMiB: 3}
	for name, f := range map[string]Facts{"well": well(), "unfit": bad} {
		r := Judge(f)
		r.Tool = "1.2.3"
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, filepath.Join("testdata", name+".txt"), b.Bytes())
		if n := strings.Count(b.String(), "\n"); n > 40 {
			t.Errorf("%s: %d lines are more than a screen", name, n)
		}
		doc, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, filepath.Join("testdata", name+".json"), append(doc, '\n'))
		if err := schematest.Doctor(t, doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTakenBy(t *testing.T) {
	prefix := netip.MustParsePrefix
	taken := []route{{prefix("0.0.0.0/0"), "eth0"}, {prefix("10.0.0.0/8"), "eth0"}, {prefix("198.18.0.0/16"), "tun0"}}
	for subnet, want := range map[string]string{
		"198.18.99.0/24": "198.18.0.0/16 of tun0",
		"198.16.0.0/12":  "198.18.0.0/16 of tun0",
		"198.19.99.0/24": "",
	} {
		if got := takenBy(prefix(subnet), taken); got != want {
			t.Errorf("%s is taken by %q, want %q", subnet, got, want)
		}
	}
}

func TestDiskLooksAtTheNearestDirectoryThereIs(t *testing.T) {
	dir := t.TempDir()
	if f := readDisk(filepath.Join(dir, "a", "b")); f.Err != "" || f.FreeMiB == 0 {
		t.Errorf("%+v", f)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if f := readDisk(file); !strings.Contains(f.Err, "not a directory") {
		t.Errorf("%+v", f)
	}
}

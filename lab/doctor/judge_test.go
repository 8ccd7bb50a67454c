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
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
)

// well are the facts of a machine on which everything is as it should be.
func well() Findings {
	no := false
	here := driver.Machine{Kernel: "6.18.0", CPUs: 8, MemoryMiB: 16000, NoFile: 1048576}
	in := Seen{Sysctls: map[string]string{"net.ipv4.tcp_tw_reuse_delay": "1000"}, Tracked: &no, UsablePort: 100}
	return Findings{
		Drivers: []DriverState{
			{Name: "docker", Found: "Docker 28.5.0 (API 1.51, overlay2)",
				Machine: driver.Machine{Kernel: "6.18.0", CPUs: 8, MemoryMiB: 16000}},
			{Name: "netns", Found: "as root, in network namespaces of its own", Machine: here},
		},
		Namespaces: Namespaces{Direct: &NamespaceProbe{Seen: in}, ByUser: &NamespaceProbe{Seen: in}},
		Privileges: Privileges{UID: 0, Capabilities: 0x1ffffffffff},
		Subnets:    []Subnet{{netip.MustParsePrefix("198.18.99.0/24"), ""}, {netip.MustParsePrefix("198.19.99.0/24"), ""}},
		Images: []Server{
			{Role: "nginx", Ref: "nginx:1.30", Image: image.Image{Used: "nginx:1.30", Version: "1.30.2", Source: image.Present}},
			{
				Role:   "httpd",
				Ref:    "httpd:2.4",
				Absent: &image.AbsentError{Ref: "httpd:2.4", How: "not in the engine; a run pulls it"},
			},
		},
		Here: here, Conntrack: Conntrack{Loaded: true, Max: 262144},
		Disk: Disk{Dir: "results/runs", FreeMiB: 50000}, Abilities: usual(),
	}
}

// usual are the abilities of Linux 6.18.
func usual() ability.Found {
	yes, no := new(true), new(false)
	return ability.Found{
		TimeWaitCountedAtCreation: yes, ReuseCountsWholeSeconds: no, TwReuseDelay: yes, LocalPortRange: yes,
		LocalPortRangeRemovesStep: yes, PortStepWidth: no, ScanTimeWaitNs: new(113.0), ScanEstablishedNs: new(27.5),
		ScanPorts: new(4096), HZ: new(250), EpollPwait2: yes, MountSetattr: yes, Openat2: yes, UserNamespaces: yes,
		InetDiag: yes, SockDestroy: yes,
	}
}

func noEngine(f *Findings) {
	f.Drivers[0] = DriverState{
		Name: "docker", Err: "no container engine answers: permission denied",
		Hint: "Run as a user of the group docker, or as root.",
	}
	f.OwnNetwork = true
}

func noNamespaces(f *Findings) {
	const hint = "Run as root, or let root allow it: sysctl -w kernel.unprivileged_userns_clone=1."
	f.Drivers[1] = DriverState{
		Name: "netns", Err: "this machine does not let its user make namespaces: operation not permitted", Hint: hint,
	}
	f.Namespaces = Namespaces{Hint: hint, ByUser: &NamespaceProbe{Err: "make namespaces: operation not permitted"}}
}

// noDriver is both, and networks that would have to be free.
func noDriver(f *Findings) {
	noEngine(f)
	noNamespaces(f)
	f.OwnNetwork = false
	f.Abilities = ability.Nothing("no driver can run here")
}

// TestJudgements holds each check to its ok, its warn and its fail, and to a
// remedy wherever the status is not ok.
func TestJudgements(t *testing.T) {
	for _, tc := range []struct {
		name, check string
		change      func(*Findings)
		status      string
		says        string // in what was found or in the remedy
	}{
		{"an engine", "driver docker", func(*Findings) {}, OK, "Docker 28.5.0"},
		{
			name:   "a remote engine",
			check:  "driver docker",
			change: func(f *Findings) { f.Drivers[0].Machine.Kernel = "5.10.0" },
			status: OK,
			says:   "another machine, with kernel 5.10.0",
		},
		{"no engine, but namespaces", "driver docker", noEngine, Warn, "group docker"},
		{"no engine and no namespaces", "driver docker", noDriver, Fail, "permission denied"},

		{"root", "driver netns", func(*Findings) {}, OK, "as root"},
		{"no namespaces, but an engine", "driver netns", noNamespaces, Warn, "sysctl -w kernel.unprivileged_userns_clone=1"},
		{"no namespaces and no engine", "driver netns", noDriver, Fail, "operation not permitted"},

		{"root", "privileges", func(*Findings) {}, OK, "root"},
		{"a user", "privileges", func(f *Findings) { f.Privileges = Privileges{UID: 1000} }, OK, "user 1000"},
		{
			name:   "root in a container",
			check:  "privileges",
			change: func(f *Findings) { f.Privileges.Capabilities = 0xa80425fb },
			status: Warn,
			says:   "as in a container",
		},
		{"no users", "privileges", func(f *Findings) { f.Privileges.UID = -1 }, OK, "ordinary"},

		{"enough", "descriptors", func(f *Findings) { f.Here.NoFile = driver.WantFiles }, OK, "8192"},
		{"too few", "descriptors", func(f *Findings) { f.Here.NoFile = driver.WantFiles - 1 }, Warn, "ulimit"},
		{"unknown", "descriptors", func(f *Findings) { f.Here.NoFile = 0 }, OK, "not known"},

		{"all free", "subnets", func(*Findings) {}, OK, "free: 198.18.99.0/24, 198.19.99.0/24"},
		{
			name:   "one free",
			check:  "subnets",
			change: func(f *Findings) { f.Subnets[0].TakenBy = "198.18.0.0/16 of tun0" },
			status: OK,
			says:   "198.18.99.0/24 taken by 198.18.0.0/16 of tun0",
		},
		{
			name:   "none free",
			check:  "subnets",
			change: func(f *Findings) { f.Subnets[0].TakenBy, f.Subnets[1].TakenBy = "a VPN", "a VPN" },
			status: Fail,
			says:   "--subnet",
		},
		{
			name:   "none free, and no engine that would share them",
			check:  "subnets",
			change: func(f *Findings) { noEngine(f); f.Subnets[0].TakenBy, f.Subnets[1].TakenBy = "a VPN", "a VPN" },
			status: OK,
			says:   "a network to itself",
		},

		{"present", "nginx", func(*Findings) {}, OK, "version 1.30.2, present, as nginx:1.30"},
		{"absent", "httpd", func(*Findings) {}, OK, "not in the engine; a run pulls it"},
		{
			name:   "absent for good",
			check:  "httpd",
			change: func(f *Findings) { f.Images[1].Absent.Remedy = "docker pull httpd:2.4" },
			status: Warn,
			says:   "docker pull httpd:2.4",
		},
		{
			name:   "the engine cannot say",
			check:  "httpd",
			change: func(f *Findings) { f.Images[1].Err = "no space left" },
			status: Warn,
			says:   "the driver docker is well",
		},
		{"nobody to ask", "httpd", noDriver, OK, "not looked for"},

		{"sock_diag", "INET_DIAG", func(*Findings) {}, OK, "SOCK_DESTROY ends them"},
		{
			name:   "no SOCK_DESTROY",
			check:  "INET_DIAG",
			change: func(f *Findings) { f.Namespaces.Direct.Destroy = "operation not supported" },
			status: OK,
			says:   "does not need it",
		},
		{
			name:   "no sock_diag",
			check:  "INET_DIAG",
			change: func(f *Findings) { f.Namespaces.Direct.Dump = "protocol not supported" },
			status: Fail,
			says:   "modprobe tcp_diag",
		},
		{"no namespace to look from", "INET_DIAG", noNamespaces, OK, "could not be looked at"},

		{"the default", "tw_reuse_delay", func(*Findings) {}, OK, "1000 ms"},
		{"an older kernel", "tw_reuse_delay", func(f *Findings) {
			f.Abilities.TwReuseDelay, f.Abilities.ReuseCountsWholeSeconds = new(false), new(true)
		}, OK, "whole seconds"},
		{"a kernel between", "tw_reuse_delay", func(f *Findings) { f.Abilities.TwReuseDelay = new(false) }, OK, "a second"},
		{"not looked at from inside", "tw_reuse_delay", func(f *Findings) { f.Namespaces.Direct.Sysctls = nil }, OK, "in milliseconds"},
		{
			name:   "another",
			check:  "tw_reuse_delay",
			change: func(f *Findings) { f.Namespaces.Direct.Sysctls["net.ipv4.tcp_tw_reuse_delay"] = "0" },
			status: Warn,
			says:   "proxy.sysctls.net.ipv4.tcp_tw_reuse_delay",
		},
		{"no driver to try it", "tw_reuse_delay", noDriver, OK, "could not be looked at"},

		{"allowed", "user namespaces", func(*Findings) {}, OK, "can be made"},
		{"none left", "user namespaces", func(f *Findings) {
			f.Namespaces.ByUser.Err, f.Namespaces.Hint = "make namespaces: no space left on device",
				"sysctl -w user.max_user_namespaces=10000"
		}, Warn, "user.max_user_namespaces=10000"},

		{"large", "conntrack", func(*Findings) {}, OK, "not tracked"},
		{
			name:   "tracked",
			check:  "conntrack",
			change: func(f *Findings) { yes := true; f.Namespaces.Direct.Tracked = &yes },
			status: OK,
			says:   "tracked from the start",
		},
		{"not loaded", "conntrack", func(f *Findings) { f.Conntrack = Conntrack{} }, OK, "not loaded"},
		{
			name:   "small",
			check:  "conntrack",
			change: func(f *Findings) { f.Conntrack.Max = 65536 },
			status: Warn,
			says:   "sysctl -w net.netfilter.nf_conntrack_max=",
		},

		{"two", "CPUs", func(f *Findings) { f.Drivers[0].Machine.CPUs = 2 }, OK, "2"},
		{"one", "CPUs", func(f *Findings) { f.Drivers[0].Machine.CPUs = 1 }, Warn, "second one"},
		{"one here, eight where the engine is", "CPUs", func(f *Findings) { f.Here.CPUs = 1 }, OK, "8"},
		{"enough", "memory", func(f *Findings) { f.Drivers[0].Machine.MemoryMiB = wantMiB }, OK, "1024 MiB"},
		{"little", "memory", func(f *Findings) { f.Drivers[0].Machine.MemoryMiB = wantMiB - 1 }, Warn, "--size quick"},
		{"unknown", "memory", func(f *Findings) { noEngine(f); f.Drivers[1].Machine.MemoryMiB = 0 }, OK, "not known"},

		{"here", "kernel", func(*Findings) {}, OK, "6.18.0"},
		{
			name:   "not Linux",
			check:  "kernel",
			change: func(f *Findings) { f.Here.Kernel = "" },
			status: OK,
			says:   "not Linux; the hosts would run on kernel 6.18.0",
		},

		{"room", "disk for results", func(*Findings) {}, OK, "50000 MiB free for results/runs"},
		{"little room", "disk for results", func(f *Findings) { f.Disk.FreeMiB = wantDiskMiB - 1 }, Warn, "--out"},
		{"no room", "disk for results", func(f *Findings) { f.Disk.FreeMiB = needDiskMiB - 1 }, Fail, "--out"},
		{
			name:   "not writable",
			check:  "disk for results",
			change: func(f *Findings) { f.Disk.Err = "results: not writable: permission denied" },
			status: Fail,
			says:   "not writable",
		},
		{"unknown", "disk for results", func(f *Findings) { f.Disk.FreeMiB = -1 }, OK, "not known"},
	} {
		t.Run(tc.check+"/"+tc.name, func(t *testing.T) {
			f := well()
			// The two probes of well share a map, which one of them may change.
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
	for want, change := range map[string]func(*Findings){
		"docker": noNamespaces,
		"netns":  noEngine,
		"":       noDriver,
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
	noDriver(&bad)
	bad.Privileges = Privileges{UID: 1000}
	bad.Here.NoFile, bad.Here.CPUs, bad.Here.MemoryMiB = 1024, 1, 512
	bad.Subnets[0].TakenBy, bad.Subnets[1].TakenBy = "198.18.0.0/15 of tun0", "198.18.0.0/15 of tun0"
	bad.Conntrack.Max = 8192
	bad.Disk = Disk{Dir: "results/runs", FreeMiB: 3}
	for name, f := range map[string]Findings{"well": well(), "unfit": bad} {
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

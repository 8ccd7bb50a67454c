package netns

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/results"
	"golang.org/x/sys/unix"
)

// TestMain makes the test's binary the child and the agent, as the command's
// own binary is.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) < 2:
	case os.Args[1] == Subcommand:
		if err := Init(); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	case os.Args[1] == showSubcommand:
		os.Exit(showInChild(os.Args[2:]))
	case os.Args[1] == "agent":
		agent.Serve(context.Background(), os.Stdin, os.Stdout)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestRemedyNamesTheSwitchThatIsOff(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"Debian's", map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0\n"},
			"sysctl -w kernel.unprivileged_userns_clone=1"},
		{"Ubuntu's", map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"},
			"sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
		{"the kernel's", map[string]string{"/proc/sys/user/max_user_namespaces": "0\n",
			"/proc/sys/kernel/unprivileged_userns_clone": "1\n"}, "sysctl -w user.max_user_namespaces="},
		{"none", nil, "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns, " +
			"user.max_user_namespaces"},
	} {
		got := remedy(func(name string) ([]byte, error) {
			if text, ok := tc.files[name]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}, false)
		if !strings.Contains(got, tc.want) || !strings.Contains(got, "--driver docker") {
			t.Errorf("%s: %s", tc.name, got)
		}
	}
}

func TestOnlyNetworkSysctlsAreEverWritten(t *testing.T) {
	for _, key := range []string{
		"kernel.panic", "vm.overcommit_memory", "net/../kernel.panic", "net.../kernel.panic",
		"net.ipv4.no_such_thing",
	} {
		if err := probe.SetSysctl(key, "0"); err == nil {
			t.Errorf("%s was written", key)
		}
	}
}

// TestLackingLooksIntoAFreshNamespace: tcp_mem is the machine's own, and no other
// namespace has it; what belongs to an interface may come with it.
func TestLackingLooksIntoAFreshNamespace(t *testing.T) {
	d := open(t)
	if _, err := os.Stat("/proc/sys/net/ipv4/tcp_mem"); err != nil {
		t.Skipf("the test itself is in a namespace without it: %v", err)
	}
	got, err := d.Lacking(t.Context(), []string{
		"net.ipv4.no_such_thing", "net.ipv4.tcp_mem", "net.ipv4.tcp_tw_reuse", "net.ipv4.conf.eth0.forwarding",
	})
	if err != nil || strings.Join(got, " ") != "net.ipv4.no_such_thing net.ipv4.tcp_mem" {
		t.Errorf("lacking are %v, %v", got, err)
	}
	if left := children(t); left != "" {
		t.Errorf("children are left: %s", left)
	}
}

func open(t *testing.T) *Driver {
	t.Helper()
	needs.Root(t)
	d, err := New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return d.(*Driver)
}

// spec is a lab whose servers run from a root file system with nothing in it.
func spec(d *Driver, t *testing.T) driver.Spec {
	d.roots["empty"] = t.TempDir()
	return driver.Spec{
		Layout:    driver.Layout{Addresses: 2},
		Configure: same(driver.Server{Image: "empty", Command: []string{"/nothing"}}),
		OnRecord:  func(string, agent.Record) {},
	}
}

// same makes both servers alike, wherever they are.
func same(s driver.Server) func(driver.Topology) (proxy, backend driver.Server, err error) {
	return func(driver.Topology) (driver.Server, driver.Server, error) { return s, s, nil }
}

// TestNoPlaceForFilesIsSaid: neither packages nor the harness are to blame.
func TestNoPlaceForFilesIsSaid(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "")
	for name, home := range map[string]string{"no home": "", "one that is no directory": "/dev/null"} {
		t.Setenv("HOME", home)
		_, err := (&Driver{}).Prepare(t.Context(), "nginx", "nginx:1.30", image.Auto, nil)
		if unfit := new(driver.UnfitError); !errors.As(err, &unfit) || !strings.Contains(unfit.Hint, "XDG_CACHE_HOME") {
			t.Errorf("%s: %v, want an UnfitError that says what to set", name, err)
		}
	}
}

// children lists those of all threads of this process.
func children(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(files) == 0 {
		t.Fatalf("this kernel does not list children: %v", err)
	}
	all := ""
	for _, f := range files {
		b, _ := os.ReadFile(f) // a thread may end meanwhile
		all += string(b)
	}
	return all
}

func TestWhatCannotBeBroughtUpSaysWhyAndLeavesNothing(t *testing.T) {
	for _, tc := range []struct {
		name   string
		sysctl [2]string // of both servers: whichever comes first ends it
		want   string
	}{
		{"no program", [2]string{"net.ipv4.tcp_tw_reuse", "0"}, "start /nothing: no such file or directory"},
		{"a sysctl of the machine's", [2]string{"vm.swappiness", "1"}, "sysctl vm.swappiness is not of a network namespace"},
		{"an unknown sysctl", [2]string{"net.ipv4.nonsense", "1"}, "set net.ipv4.nonsense, which this kernel may not have"},
		{"a value it refuses", [2]string{"net.ipv4.ip_local_port_range", "9 1"}, `set net.ipv4.ip_local_port_range to "9 1"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := open(t)
			s := spec(d, t)
			s.Configure = same(driver.Server{
				Image: "empty", Command: []string{"/nothing"}, Sysctls: map[string]string{tc.sysctl[0]: tc.sysctl[1]},
			})
			_, err := d.Up(t.Context(), s)
			var unfit *driver.UnfitError
			if !errors.As(err, &unfit) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want an UnfitError with %q", err, tc.want)
			}
			if left := children(t); left != "" {
				t.Errorf("children are left: %s", left)
			}
		})
	}
}

// TestWhatHangsIsGivenUp: of two hosts that wait for each other's network
// neither comes up, and the child says nothing.
func TestWhatHangsIsGivenUp(t *testing.T) {
	d := open(t)
	ctx, cancel := bounded(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := d.start(ctx, blueprint{Hosts: []host{{Name: "a", JoinName: "b"}, {Name: "b", JoinName: "a"}}}, nil)
	if unfit := new(driver.UnfitError); !errors.As(err, &unfit) || !strings.Contains(unfit.What, "in 200ms") {
		t.Errorf("%v, want an UnfitError of the time", err)
	}
	if left := children(t); left != "" {
		t.Errorf("children are left: %s", left)
	}
}

// startLoad starts a lab of one host.
func startLoad(t *testing.T) *lab {
	t.Helper()
	l, err := open(t).start(t.Context(), blueprint{Hosts: []host{{
		Name:      results.HostLoad,
		Addresses: []netip.Prefix{netip.MustParsePrefix("198.18.99.9/24")},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestInitEndsWithTheCommand is the tether: the end of the control stream is
// all that the child needs.
func TestInitEndsWithTheCommand(t *testing.T) {
	l := startLoad(t)
	defer l.Down(t.Context())
	// The stream ends for the child, while this end still hears.
	c, err := l.control.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	c.Control(func(fd uintptr) { unix.Shutdown(int(fd), unix.SHUT_WR) })
	if err := l.cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v: %s", err, l.stderr.String())
	}
	<-l.agents[results.HostLoad].Done()
}

// TestChildThatDiesIsReported: a killed child took all with it, and a run
// must not wait for what never comes.
func TestChildThatDiesIsReported(t *testing.T) {
	l := startLoad(t)
	l.cmd.Process.Kill()
	if e := <-l.Exited(); !e.Agent || e.Host != results.HostLoad {
		t.Errorf("reported %+v, want the end of the agent that is the tether", e)
	}
	if _, err := l.Exec(t.Context(), results.HostLoad, "true"); err == nil {
		t.Error("a program ran in a lab that is gone")
	}
	if err := l.Down(t.Context()); err != nil {
		t.Error(err)
	}
}

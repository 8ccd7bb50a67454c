package diagnose

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
)

// lookOfChild makes the test's binary look and print the snapshot.
const lookOfChild = "LAB99_DIAGNOSE_LOOK"

func lookAndPrint() error {
	s, err := Look(context.Background(), Target{})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

// pool is a load of n connections that stay, in a namespace of its own.
func pool(t *testing.T, n int) *running {
	t.Helper()
	l := load{Low: 20000, High: 20099, Addresses: []string{"10.2.0.1/32", "10.2.0.2/32"}, Sources: []string{"10.2.0.1"},
		To: []target{{To: "10.2.0.2:80"}}, Pool: n, AtS: []float64{0}}
	r := l.start(t)
	if told, ok := <-r.told; !ok || told.Look != 1 {
		t.Fatalf("the load did not begin: %+v", told)
	}
	return r
}

// group finds the pair of the pool, and who holds it.
func poolIn(s *Snapshot) (*Namespace, *Group) {
	for i := range s.Namespaces {
		for j := range s.Namespaces[i].Outgoing {
			if g := &s.Namespaces[i].Outgoing[j]; g.Remote.String() == "10.2.0.2:80" {
				return &s.Namespaces[i], g
			}
		}
	}
	return nil, nil
}

// TestLookSeesEveryNamespace: root finds a namespace by its processes, enters it and
// leaves no thread in it.
func TestLookSeesEveryNamespace(t *testing.T) {
	needs.Root(t)
	child := pool(t, 20)
	pid := child.cmd.Process.Pid
	before, _ := os.Readlink("/proc/self/ns/net")
	s, err := Look(t.Context(), Target{})
	if err != nil {
		t.Fatal(err)
	}
	n, g := poolIn(s)
	if n == nil {
		t.Fatalf("the namespace of process %d is not seen: %+v; unseen %q", pid, s.Namespaces, s.Unseen)
	}
	// The process holds both ends, of which one is accepted.
	if g.live() != 20 || len(n.Incoming) != 1 || n.Incoming[0].live() != 20 || n.Outside || n.Ports == nil ||
		n.Ports.Usable != 100 {
		t.Errorf("%+v, want 20 connections out, the same in, and 100 ports", n)
	}
	if len(n.Processes) != 1 || n.Processes[0].PID != pid || n.Processes[0].Sockets == 0 {
		t.Errorf("held by %+v, want process %d", n.Processes, pid)
	}
	if link, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid)); link != fmt.Sprintf("net:[%d]", n.Inode) {
		t.Errorf("inode %d, and its link is %s", n.Inode, link)
	}
	var left []string
	for range 100 { // a thread ends soon after its last function
		if left = tasksElsewhere(t, before); len(left) == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(left) > 0 {
		t.Errorf("%v are not in %s any more", left, before)
	}
	if _, err := Look(t.Context(), Target{Netns: "there-is-no-such"}); err == nil {
		t.Error("a namespace that there is not was looked at")
	}
	one, err := Look(t.Context(), Target{Netns: fmt.Sprintf("/proc/%d/ns/net", pid)})
	if err != nil || len(one.Namespaces) != 1 || one.Namespaces[0].Inode != n.Inode {
		t.Errorf("by its path: %+v, %v; want the namespace %d alone", one, err, n.Inode)
	}
}

// TestLeanLook: it lists connections, and not who holds them; of a namespace with next to
// none it says so, and how many ports there are.
func TestLeanLook(t *testing.T) {
	needs.Root(t)
	look := func(r *running) Namespace {
		t.Helper()
		s, err := Look(t.Context(), Target{PID: r.cmd.Process.Pid, Lean: true})
		if err != nil || len(s.Namespaces) != 1 {
			t.Fatalf("%+v, %v", s, err)
		}
		return s.Namespaces[0]
	}
	if n := look(pool(t, 20)); n.Quiet || len(n.Outgoing) != 1 || n.Outgoing[0].live() != 20 || n.Processes != nil ||
		n.Ports.Usable != 100 {
		t.Errorf("%+v, want 20 connections, of nobody", n)
	}
	few := load{Low: 20000, High: 29999, To: []target{{To: "127.0.0.1:80"}}, Pool: 20, AtS: []float64{0}}.start(t)
	<-few.told
	n := look(few)
	if !n.Quiet || n.Outgoing != nil || n.Ports.Usable != 10000 {
		t.Errorf("41 sockets beside 10,000 ports: %+v, want them not listed", n)
	}
	if r := Conclude(&Snapshot{Namespaces: []Namespace{n}}, Options{}); !r.Namespaces[0].Quiet {
		t.Error("the report does not say that it is quiet")
	}
}

// tasksElsewhere are the threads of the test that are in another namespace.
func tasksElsewhere(t *testing.T, namespace string) (left []string) {
	all, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range all {
		if link, err := os.Readlink(task + "/ns/net"); err == nil && link != namespace {
			left = append(left, task)
		}
	}
	return left
}

// TestLookWithoutRoot: nobody sees the own namespace in full, and of another one the
// connections, without its ports, which is said.
func TestLookWithoutRoot(t *testing.T) {
	needs.Root(t)
	child := pool(t, 20)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), lookOfChild+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var s Snapshot
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatal(err)
	}
	own := s.Namespaces[0]
	if own.Outside || own.Ports == nil || own.Sysctls["net.ipv4.tcp_tw_reuse"] == "" ||
		!slices.ContainsFunc(own.Outgoing, func(g Group) bool {
			return g.Remote.String() == l.Addr().String() && g.live() > 0
		}) {
		t.Errorf("the own namespace is not seen in full: %+v", own)
	}
	n, g := poolIn(&s)
	if n == nil || g.live() != 20 || !n.Outside || n.Ports != nil || n.Inode != 0 {
		t.Errorf("of another namespace is seen %+v, want 20 connections from outside, without ports", n)
	}
	want := fmt.Sprintf("exe %d: its port range", child.cmd.Process.Pid)
	if !slices.ContainsFunc(s.Unseen, func(u string) bool { return strings.HasPrefix(u, want) }) {
		t.Errorf("unseen %q, want %q", s.Unseen, want)
	}
	r := Conclude(&s, Options{Horizon: 60e9})
	for _, n := range r.Namespaces {
		for _, x := range n.Tuples {
			if !n.Member && (x.State != Unknown || x.Tuples != nil || x.FirstError99S != nil) {
				t.Errorf("%s is told %+v, though its range is not known", n.Name, x)
			}
		}
	}
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/diagnose"
)

// pageOfDiagnose has the tables that these tests hold it to.
const pageOfDiagnose = "../../../docs/diagnose.md"

// TestWhoSeesWhat runs diagnose as each kind of caller. What it sees of a scene is a row
// of the page, and what it says of the rest is in the golden file.
func TestWhoSeesWhat(t *testing.T) {
	s := stage(t)
	path := binaryOf(t)
	without := func(c uintptr) []uintptr {
		return slices.DeleteFunc(slices.Clone(least), func(x uintptr) bool { return x == c })
	}
	callers := []struct {
		name string
		caller
	}{
		{"root", caller{}},
		{"root with CAP_SYS_ADMIN, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH alone", caller{Limited: true, Grant: least}},
		{"… without CAP_SYS_ADMIN", caller{Limited: true, Grant: without(unix.CAP_SYS_ADMIN)}},
		{"… without CAP_SYS_PTRACE", caller{Limited: true, Grant: without(unix.CAP_SYS_PTRACE)}},
		{"… without CAP_DAC_READ_SEARCH", caller{Limited: true, Grant: without(unix.CAP_DAC_READ_SEARCH)}},
		{"root without any", caller{Limited: true}},
		{"a user with those three", caller{User: nobody, Grant: least}},
		{"a user, or nobody", caller{User: nobody}},
		{"the user of nginx's workers", caller{User: daemon}},
		{"a user to whom /proc refuses others (hidepid=1)", caller{User: nobody, HidePID: 1}},
		{"a user from whom /proc hides others (hidepid=2)", caller{User: nobody, HidePID: 2}},
		{"root of a user namespace (rootless)", caller{User: nobody, Nested: true}},
		{"root where no netlink is let through", caller{Deaf: true}},
	}
	rows(t, "## Rights", len(callers))
	var said strings.Builder
	for _, who := range callers {
		if who.Nested {
			needs.Program(t, "netns", "unshare")
		}
		if who.HidePID != 0 {
			needs.Had(t, "netns", canHide())
		}
		if who.Deaf {
			needs.Had(t, "netns", canFilter())
		}
		saw, r, code := s.look(t, who.command(t, path, "diagnose", "--json", "--top", "0"))
		if code == "3" || code == "70" {
			t.Errorf("%s: exit code %s", who.name, code)
		}
		inTable(t, who.name, saw)
		fmt.Fprintf(&said, "%s:\n%s", who.name, s.unseen(r))
	}
	golden.Compare(t, "testdata/who-sees-what.golden", said.String())
}

// unseen is what a report does not see of the scene, and of processes as a whole, without
// what is different each time.
func (s scene) unseen(r *diagnose.Report) (text string) {
	its := "no name"
	for _, n := range r.Namespaces {
		if slices.ContainsFunc(n.Tuples, func(x diagnose.Tuple) bool { return x.Destination == s.backend }) {
			its = n.Name
		}
	}
	count := regexp.MustCompile(`^\d+`)
	ofMachine := regexp.MustCompile(`^(\d+ )?process(es)? of others`)
	for _, u := range r.Unseen {
		switch {
		case strings.HasPrefix(u, its+": "):
			u = "NAME" + strings.TrimPrefix(u, its)
		case strings.Contains(u, " in "+its+": "):
			u = strings.Replace(u, " in "+its, " in NAME", 1)
			u = strings.Replace(u, strconv.Itoa(s.master), "PID", 1)
		case !ofMachine.MatchString(u):
			continue // of another namespace
		}
		text += "  " + count.ReplaceAllString(u, "N") + "\n"
	}
	return text
}

// rows fails unless the table of a section has so many: one that no caller is for is nobody's.
func rows(t *testing.T, section string, want int) {
	t.Helper()
	b := filetest.Read(t, pageOfDiagnose)
	_, text, _ := strings.Cut(string(b), section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	const head = 2
	if got := strings.Count(text, "\n| ") + strings.Count(text, "\n|--") - head; got != want {
		t.Errorf("the table under %s has %d rows, and there are %d callers", section, got, want)
	}
}

var onePage sync.Mutex

// inTable holds a row of the page to what was seen; -update writes it.
func inTable(t *testing.T, who string, saw sight) {
	t.Helper()
	onePage.Lock()
	defer onePage.Unlock()
	b := filetest.Read(t, pageOfDiagnose)
	want := "| " + who + " |"
	for _, yes := range []bool{saw.Own, saw.Connections, saw.Ports, saw.Holders, saw.Configuration} {
		if yes {
			want += " yes |"
		} else {
			want += " – |"
		}
	}
	row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(who) + ` \|.*$`)
	is := row.FindString(string(b))
	switch {
	case is == "":
		t.Errorf("the page has no row for %s: %s", who, want)
	case is != want && golden.Updating():
		filetest.Write(t, pageOfDiagnose, row.ReplaceAllLiteralString(string(b), want))
	case is != want:
		t.Errorf("the page says\n%s\nand it is\n%s", is, want)
	}
}

// TestNothingToLookAt: a namespace that has a name and no process is seen only by who may
// enter it; another caller is told what it takes.
func TestNothingToLookAt(t *testing.T) {
	needs.Root(t)
	needs.Program(t, "netns", "ip")
	path := binaryOf(t)
	name := "lab99-blind-" + strconv.Itoa(os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	for _, x := range []struct {
		caller
		code, want string
	}{
		{caller{}, "0", "1 network namespace, 0 pairs"},
		{caller{Limited: true, Grant: []uintptr{unix.CAP_SYS_ADMIN}}, "0", "1 network namespace, 0 pairs"},
		{caller{User: nobody}, "3", "netns " + name + ": it may not be looked at: that takes CAP_SYS_ADMIN\n"},
		{caller{User: nobody, Nested: true}, "3",
			"takes CAP_SYS_ADMIN on the machine, and not only in this user namespace\n"},
	} {
		out, err := x.command(t, path, "diagnose", "--netns", name).Output()
		if code := exitStatus(err); code != x.code || !strings.Contains(string(out), x.want) {
			t.Errorf("%+v: exit code %s, want %s and %q:\n%s", x.caller, code, x.code, x.want, out)
		}
	}
	out, err := caller{}.command(t, path, "diagnose", "--netns", pageOfDiagnose).CombinedOutput()
	if code := exitStatus(err); code != "64" || !strings.Contains(string(out), "it is no namespace") {
		t.Errorf("a file that is no namespace: exit code %s: %s", code, out)
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// processes lists the IDs of all there are.
func processes(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("list processes: %v", err)
	}
	for n := range dirs {
		dirs[n] = filepath.Base(dirs[n])
	}
	return dirs
}

// stat reads a process's name and its parent's ID.
func stat(pid string) (name, parent string) {
	b, _ := os.ReadFile("/proc/" + pid + "/stat")
	text := string(b)
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < 0 {
		return "", "" // it ended meanwhile
	}
	return text[open+1 : end], strings.Fields(text[end+1:])[1]
}

// tree lists the command and all below it, parents first.
func (i *invocation) tree(t *testing.T) []string {
	t.Helper()
	children := map[string][]string{}
	for _, pid := range processes(t) {
		_, parent := stat(pid)
		children[parent] = append(children[parent], pid)
	}
	tree := []string{strconv.Itoa(i.cmd.Process.Pid)}
	for n := 0; n < len(tree); n++ {
		tree = append(tree, children[tree[n]]...)
	}
	return tree
}

// find returns the first process of a name below the command.
func (i *invocation) find(t *testing.T, name string) int {
	t.Helper()
	for _, pid := range i.tree(t) {
		if got, _ := stat(pid); got == name {
			n, _ := strconv.Atoi(pid)
			return n
		}
	}
	t.Fatalf("no %s runs below the command", name)
	return 0
}

// own are this process's namespaces by kind, read before any test runs: a test
// that takes a thread into others may have been given the first thread, which
// is the one that /proc/self tells of.
var own = func() map[string]string {
	all := map[string]string{}
	for _, kind := range []string{"pid", "net", "mnt", "user"} {
		all[kind], _ = os.Readlink("/proc/self/ns/" + kind)
	}
	return all
}()

// namespaces are those of a process that this one is not in. One that ended
// and was not waited for yet, which is up to the machine's init, has none.
func namespaces(pid string) []string {
	if b, err := os.ReadFile("/proc/" + pid + "/stat"); err != nil || strings.Contains(string(b), ") Z ") {
		return nil
	}
	var all []string
	for kind := range own {
		ns, err := os.Readlink("/proc/" + pid + "/ns/" + kind)
		if err == nil && ns != own[kind] {
			all = append(all, ns)
		}
	}
	return all
}

// footprint is what a run has made: namespaces, by kind and inode.
func (i *invocation) footprint(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pid := range i.tree(t) {
		all = append(all, namespaces(pid)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// gone fails unless within 5 s no process is left in any of the namespaces.
// Nor may a mount keep one of them, or a part of a lab, alive.
func gone(t *testing.T, footprint []string) {
	t.Helper()
	began := time.Now()
	for {
		var left []string
		for _, pid := range processes(t) {
			for _, ns := range namespaces(pid) {
				if slices.Contains(footprint, ns) {
					name, _ := stat(pid)
					left = append(left, fmt.Sprintf("%s %s in %s", name, pid, ns))
				}
			}
		}
		left = append(left, labMounts(t)...)
		if len(left) == 0 {
			t.Logf("%d namespaces gone after %v", len(footprint), time.Since(began).Round(time.Millisecond))
			return
		}
		if time.Since(began) > 5*time.Second {
			t.Fatalf("after 5 s there is left: %v", left)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// labMounts lists the mounts seen from here that are a lab's.
func labMounts(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "/lab99/roots/") || strings.Contains(line, " nsfs ") && strings.Contains(line, "lab99") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

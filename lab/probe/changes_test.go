package probe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
)

func TestEachChangeOfTheProcessesIsToldOnce(t *testing.T) {
	titles := map[int]string{4: "nginx: cache loader process"}
	title := func(pid int) string { return titles[pid] }
	p := func(pid int, start uint64, state byte) procStat {
		return procStat{pid: pid, start: start, state: state, comm: "nginx"}
	}
	var r processSet
	for _, step := range []struct {
		what string
		now  []procStat
		want []string
	}{
		{"begin", []procStat{p(1, 1, 'S'), p(2, 2, 'R'), p(4, 2, 'S')}, nil},
		{"nothing", []procStat{p(1, 1, 'S'), p(2, 2, 'S'), p(4, 2, 'S')}, nil},
		{"the cache loader is done", []procStat{p(1, 1, 'S'), p(2, 2, 'S')}, nil},
		{"stopped", []procStat{p(1, 1, 'S'), p(2, 2, 'T')}, []string{"process 2 (nginx) was stopped by a signal"}},
		{"still stopped", []procStat{p(1, 1, 'S'), p(2, 2, 'T')}, nil},
		{"died", []procStat{p(1, 1, 'S'), p(2, 2, 'Z')}, []string{"process 2 (nginx) ended"}},
		{"the same ID again", []procStat{p(1, 1, 'S'), p(2, 9, 'S')}, []string{"process 2 (nginx) was started"}},
		{"all gone", nil, []string{"process 1 (nginx) ended", "process 2 (nginx) ended"}},
		{"still gone", nil, nil},
	} {
		var got []string
		for _, c := range r.changes(step.now, title) {
			got = append(got, c.Text)
			if c.Further {
				t.Errorf("%s: %s counts as a further process", step.what, c.Text)
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", step.what, diff)
		}
	}
}

// TestFurtherProcesses: one that a server forks next to the others is told apart from one
// in the place of another, and from one of somebody else's.
func TestFurtherProcesses(t *testing.T) {
	p := func(pid, ppid int, start uint64) procStat {
		return procStat{pid: pid, ppid: ppid, start: start, state: 'S', comm: "php-fpm8.2"}
	}
	master, worker := p(1, 0, 1), p(2, 1, 2)
	ended := master
	ended.state = 'Z'
	for _, c := range []struct {
		what  string
		steps [][]procStat // after the first look
		want  []bool       // of each start
	}{
		{"two of the master's", [][]procStat{{master, worker, p(3, 1, 3), p(4, 1, 3)}}, []bool{true, true}},
		{"one after the other", [][]procStat{{master, worker, p(3, 1, 3)}, {master, worker, p(3, 1, 3), p(4, 1, 4)}}, []bool{true, true}},
		{"a worker's own child", [][]procStat{{master, worker, p(3, 2, 3)}}, []bool{true}},
		{"another server", [][]procStat{{master, worker, p(3, 0, 3), p(4, 3, 3)}}, []bool{false, false}},
		{"in the place of a worker", [][]procStat{{master, p(3, 1, 3)}}, []bool{false}},
		{"later in its place", [][]procStat{{master}, {master, p(3, 1, 3)}}, []bool{false}},
		{"the server anew", [][]procStat{nil, {p(1, 0, 5), p(2, 1, 5)}}, []bool{false, false}},
		{"of a master that ended", [][]procStat{{ended, worker, p(3, 1, 3)}}, []bool{false}},
	} {
		var r processSet
		title := func(int) string { return "" }
		r.changes([]procStat{master, worker}, title)
		var got []bool
		for _, now := range c.steps {
			for _, change := range r.changes(now, title) {
				if change.start > 0 {
					got = append(got, change.Further)
				}
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.what, diff)
		}
	}
}

func TestChangesOfSettings(t *testing.T) {
	got := sysctlChanges(map[string]string{"a": "1", "b": "2", "c": "3"}, map[string]string{"a": "1", "b": "0", "d": "4"})
	if diff := cmp.Diff([]string{`b changed from "2" to "0"`, "c could no longer be read"}, got); diff != "" {
		t.Error(diff)
	}
	got = addressChanges([]string{"10.0.0.1/24", "10.0.0.2/24"}, []string{"10.0.0.3/24", "10.0.0.2/24"})
	if diff := cmp.Diff([]string{"address 10.0.0.1/24 was removed"}, got); diff != "" {
		t.Error(diff)
	}
}

// conntrackText is /proc/net/stat/nf_conntrack as Linux 6.18 lays it out for two
// processors; filling a real table would take a setting of the whole machine.
const conntrackText = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000040  00000000 00000000 00000000 00000003 00000000 00000000 00000005 00000000 00000001 0000001f 00000002 00000000  00000000 00000000 00000000 00000000
00000040  00000000 00000000 00000000 00000000 00000000 00000000 00000004 00000000 00000000 00000010 00000000 00000000  00000000 00000000 00000000 00000000
`

func TestConntrackIsAddedUpOverProcessors(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "net/stat"), 0o755); err != nil {
		t.Fatal(err)
	}
	got := Counters{}
	if err := readConntrack(dir+"/net/", got); err != nil || len(got) != 0 {
		t.Errorf("without the module: %v, %v", got, err)
	}
	file := filepath.Join(dir, "net/stat/nf_conntrack")
	filetest.Write(t, file, conntrackText)
	if err := readConntrack(dir+"/net/", got); err != nil {
		t.Fatal(err)
	}
	delete(got, "conntrack_max") // this machine's
	want := Counters{
		"conntrack_entries":       64,
		"conntrack_insert_failed": 1,
		"conntrack_drop":          47,
		"conntrack_early_drop":    2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLevelsAreNotRelative(t *testing.T) {
	got := Counters{"conntrack_entries": 64, "conntrack_drop": 47, "curr_estab": 9, "active_opens": 52}
	base := Counters{"conntrack_entries": 60, "conntrack_drop": 40, "curr_estab": 4, "active_opens": 50}
	want := Counters{"conntrack_entries": 64, "conntrack_drop": 7, "curr_estab": 9, "active_opens": 2}
	if diff := cmp.Diff(want, got.Since(base)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSteal(t *testing.T) {
	if s, err := parseSteal("cpu  44198 0 51687 317806 667 0 30806 88 0 0\ncpu0 1 2\n"); err != nil || s != 0.88 {
		t.Errorf("steal %v s, %v; want 0.88", s, err)
	}
	for _, bad := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu 1 2 3 4 5 6 7 x"} {
		if s, err := parseSteal(bad); err == nil {
			t.Errorf("%q read as %v", bad, s)
		}
	}
}

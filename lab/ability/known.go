package ability

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/law"
)

// This file is the table of kernels that are not at hand, for `lab99 predict
// --kernel`. On a kernel that is at hand abilities are tried, which outranks it.
//
// A distribution's kernel is upstream's release with changes of later ones, so the
// table is made of two lists: what changed upstream and when (changes), and which
// kernel which system has (systems). What was seen on a kernel that was booted
// (booted) outranks both. A fact that none of them tells is unknown, and the answer
// then covers every value that it may have.

// How says on what a fact rests.
type How string

// The ways to know a fact.
const (
	Measured How = "measured" // on that kernel, booted for it
	Read     How = "read"     // in the source or a configuration, which Source names
	Unknown  How = "unknown"
)

// The ids of the facts are those of the abilities, where there is one.
const (
	idHZ           = "hz"
	idTwReuse      = "tw_reuse_default"
	idWholeSeconds = "reuse_counts_whole_seconds"
	idReuseDelay   = "tw_reuse_delay"
	idAtCreation   = "time_wait_counted_at_creation"
	idRange        = "local_port_range"
	idRemovesStep  = "local_port_range_removes_step"
	idStepWidth    = "port_step_width"
	idRCU          = "established_lookup_under_rcu"
	idTimeWait     = "scan_time_wait_ns"
	idEstablished  = "scan_established_ns"
)

// Fact is one thing that is known of a kernel.
type Fact struct {
	ID     string `json:"id"`
	Value  any    `json:"value"` // a bool or an int; nil: unknown
	How    How    `json:"how"`
	Source string `json:"source"` // what was booted, or a link; "" where it is unknown
}

// Known is what is known of a kernel.
type Known struct {
	Name    string `json:"name"`    // as it is asked for
	System  string `json:"system"`  // such as Debian 12; "" is upstream's kernel
	Release string `json:"release"` // upstream's release that it is made of, such as 6.1
	Facts   []Fact `json:"facts"`
}

// tree is where upstream's source is read; commit, a change of it.
const (
	tree   = "https://elixir.bootlin.com/linux/"
	commit = "https://git.kernel.org/torvalds/c/"
	// configs are the configurations of distributions' kernels.
	configs = "https://github.com/nyrahul/linux-kernel-configs"
)

// change is something that upstream has done once.
type change struct {
	id            string
	since         release // the first that has it
	before, after any
	source        string
}

var changes = []change{
	{idTwReuse, release{4, 19}, 0, 2, commit + "79e9fed46038"},
	{idAtCreation, release{5, 18}, false, true, tree + "v5.18/source/net/ipv4/inet_timewait_sock.c"},
	{idRange, release{6, 3}, false, true, commit + "91d0b78c5177"},
	{idRemovesStep, release{6, 8}, false, true, commit + "207184853dbd"},
	{idWholeSeconds, release{6, 14}, true, false, commit + "19ce8cd30465"},
	{idReuseDelay, release{6, 14}, false, true, commit + "ca6a6f93867a"},
	{idRCU, release{6, 15}, false, true, commit + "ae9d5b19b322"},
	{idStepWidth, release{7, 1}, false, true, commit + "7da62262ec96"},
}

// boot is a kernel that was booted, and what was seen on it. UML is user-mode Linux,
// whose HZ is its own and therefore not noted.
type boot struct {
	what    string
	release release
	saw     map[string]any
}

var booted = []boot{
	{"Debian's 5.10.46 (UML) and 5.10.262", release{5, 10}, map[string]any{
		idTwReuse:      2,
		idAtCreation:   false,
		idWholeSeconds: true,
		idReuseDelay:   false,
		idRange:        false,
		idRemovesStep:  false,
	}},
	{"Debian's 6.1.176 (UML) and 6.1.192", release{6, 1}, map[string]any{
		idTwReuse:      2,
		idAtCreation:   true,
		idWholeSeconds: true,
		idReuseDelay:   false,
		idRange:        true,
		idRemovesStep:  false,
	}},
	{"Debian's 6.12.113 (UML)", release{6, 12}, map[string]any{
		idTwReuse: 2, idAtCreation: true, idWholeSeconds: true, idReuseDelay: false, idRange: true, idRemovesStep: true,
	}},
	{"Debian's 6.16.12", release{6, 16}, map[string]any{
		idTwReuse: 2, idAtCreation: true, idWholeSeconds: false, idReuseDelay: true, idRange: true, idRemovesStep: true,
	}},
	{"6.18 with HZ=250, which the laws were measured on", release{6, 18}, map[string]any{
		idHZ: 250, idTwReuse: 2, idAtCreation: true, idWholeSeconds: false, idReuseDelay: true, idRange: true,
		idRemovesStep: true, idTimeWait: 113, idEstablished: 80,
	}},
	{"Debian's 7.2.7 (UML)", release{7, 2}, map[string]any{
		idTwReuse: 2, idAtCreation: true, idWholeSeconds: false, idReuseDelay: true, idRange: true,
		idRemovesStep: true, idStepWidth: true,
	}},
	{"Debian's 7.3.4", release{7, 3}, map[string]any{
		idTwReuse: 2, idAtCreation: true, idWholeSeconds: false, idReuseDelay: true, idRange: true,
		idRemovesStep: true, idStepWidth: true,
	}},
}

// system is a distribution's kernel. Its HZ was read in a configuration of
// linux-kernel-configs; 0 is unknown.
type system struct {
	names     []string
	system    string
	release   release
	hz        int
	config    string // whose HZ it is
	backports bool   // takes changes of later releases: what upstream changed later is unknown
	debian    bool   // the kernel that was booted is this one
}

var systems = []system{
	{[]string{"el8", "rhel8", "rocky8", "almalinux8"}, "RHEL 8 and its rebuilds", release{4, 18}, 1000,
		"RHEL 8.5 and Rocky 8.10", true, false},
	{[]string{"el9", "rhel9", "rocky9", "almalinux9"}, "RHEL 9 and its rebuilds", release{5, 14}, 1000,
		"RHEL 9.2 and AlmaLinux 9.3", true, false},
	{
		names:     []string{"el10", "rhel10", "rocky10", "almalinux10"},
		system:    "RHEL 10 and its rebuilds",
		release:   release{6, 12},
		backports: true,
	},
	{[]string{"ubuntu20.04", "focal"}, "Ubuntu 20.04", release{5, 4}, 250, "Ubuntu 20.04.4", false, false},
	{[]string{"ubuntu22.04", "jammy"}, "Ubuntu 22.04", release{5, 15}, 250, "Ubuntu 22.04.5", false, false},
	{[]string{"ubuntu24.04", "noble"}, "Ubuntu 24.04", release{6, 8}, 1000, "Ubuntu 24.04.1", false, false},
	{[]string{"debian11", "bullseye"}, "Debian 11", release{5, 10}, 250, "Debian 11", false, true},
	{[]string{"debian12", "bookworm"}, "Debian 12", release{6, 1}, 250, "Debian 12", false, true},
	{[]string{"debian13", "trixie"}, "Debian 13", release{6, 12}, 0, "", false, true},
	{[]string{"al2023", "amazonlinux2023"}, "Amazon Linux 2023", release{6, 1}, 100,
		"Amazon Linux 2023.8", false, false},
}

// releases are upstream's that are offered by name. Others are answered as well.
var releases = []release{
	{4, 18}, {4, 19}, {5, 4}, {5, 10}, {5, 14}, {5, 15}, {6, 1}, {6, 6}, {6, 8}, {6, 12}, {6, 14}, {6, 16},
	{6, 18}, {7, 2}, {7, 3},
}

// release is a number such as 6.12.
type release struct{ major, minor int }

func (r release) String() string { return fmt.Sprintf("%d.%d", r.major, r.minor) }

func (r release) before(other release) bool {
	return r.major < other.major || r.major == other.major && r.minor < other.minor
}

// The oldest and the newest release that the list of changes holds for, and the last
// of each number in between.
var (
	oldest = release{4, 12}
	newest = release{7, 3}
	last   = map[int]int{4: 20, 5: 19, 6: 19, 7: 3}
)

func releaseOf(name string) (release, bool) {
	major, minor, found := strings.Cut(name, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	r := release{a, b}
	number := found && err1 == nil && err2 == nil && b >= 0 && r.String() == name
	return r, number && !r.before(oldest) && !newest.before(r) && b <= last[a]
}

// Names are those that Look knows, in order of age and then by system.
func Names() []string {
	var all []string
	for _, r := range releases {
		all = append(all, r.String())
	}
	for _, s := range systems {
		all = append(all, s.names[0])
	}
	return all
}

// Look is what is known of a kernel by its name: upstream's release or a system.
func Look(name string) (k Known, found bool) {
	if r, ok := releaseOf(name); ok {
		return Known{Name: name, Release: name, Facts: facts(r, system{})}, true
	}
	for _, s := range systems {
		if slices.Contains(s.names, name) {
			return Known{
				Name:    s.names[0],
				System:  s.system,
				Release: s.release.String(),
				Facts:   facts(s.release, s),
			}, true
		}
	}
	return Known{}, false
}

// facts are those of a release as a system has it; the zero system is upstream.
func facts(r release, s system) []Fact {
	all := []Fact{hzOf(r, s)}
	seen := map[string]any{}
	what := ""
	for _, b := range booted {
		if b.release == r && (s.system == "" || s.debian) {
			seen, what = b.saw, b.what
		}
	}
	for _, c := range changes {
		f := Fact{ID: c.id, Value: c.before, How: Read, Source: c.source}
		has := !r.before(c.since)
		v, tried := seen[c.id]
		switch {
		case tried:
			f = Fact{c.id, v, Measured, what}
		case has:
			f.Value = c.after
		case s.backports:
			f = Fact{ID: c.id, How: Unknown}
		case c.id == idRange && r == release{6, 1}:
			f = Fact{ID: c.id, How: Unknown} // a backport to 6.1-stable has it, from some release on
		}
		all = append(all, f)
	}
	for _, id := range []string{idTimeWait, idEstablished} {
		f := Fact{ID: id, How: Unknown}
		if v, tried := seen[id]; tried {
			f = Fact{id, v, Measured, what}
		}
		all = append(all, f)
	}
	return all
}

// hzOf is HZ. Upstream offers 250 unless who builds the kernel says something else
// (kernel/Kconfig.hz).
func hzOf(r release, s system) Fact {
	for _, b := range booted {
		if hz, ok := b.saw[idHZ]; ok && b.release == r && s.system == "" {
			return Fact{idHZ, hz, Measured, b.what}
		}
	}
	switch {
	case s.hz > 0:
		return Fact{idHZ, s.hz, Read, configs + " (" + s.config + ")"}
	case s.system == "" && r.before(release{6, 15}):
		return Fact{idHZ, 250, Read, tree + "v" + r.String() + "/source/kernel/Kconfig.hz (the default)"}
	}
	return Fact{ID: idHZ, How: Unknown}
}

// Fact is one of them by its id; unknown if there is none.
func (k Known) Fact(id string) Fact {
	for _, f := range k.Facts {
		if f.ID == id {
			return f
		}
	}
	return Fact{ID: id, How: Unknown}
}

// Title is the kernel for a reader.
func (k Known) Title() string {
	if k.System == "" {
		return "Linux " + k.Release
	}
	return k.System + " (Linux " + k.Release + ")"
}

// ticks are the HZ that x86 and arm64 kernels are built with.
var ticks = []int{100, 250, 300, 1000}

// hz are those that the kernel may have.
func (k Known) hz() []int {
	if hz, ok := k.Fact(idHZ).Value.(int); ok {
		return []int{hz}
	}
	return ticks
}

// TimeWait is the shortest and the longest TIME_WAIT of the kernel. Where HZ is
// unknown it covers all that it may be.
func (k Known) TimeWait() (least, most time.Duration) {
	for i, hz := range k.hz() {
		from, to := law.TimeWaitRange(hz)
		if i == 0 {
			least = from
		}
		least, most = min(least, from), max(most, to)
	}
	return least, most
}

// WholeSeconds says whether tcp_tw_reuse counts whole seconds, and whether that is
// known. The interval of a kernel that does holds for one that does not as well, which
// is at its near end.
func (k Known) WholeSeconds() (may, known bool) {
	v, known := k.Fact(idWholeSeconds).Value.(bool)
	return v || !known, known
}

// monotonicSeconds is the release since which tcp_twsk_unique (net/ipv4/tcp_ipv4.c) asks for
// the next second of CLOCK_MONOTONIC (commit cca9bab1b72c). Before, the second of the
// clock on the wall had to be two later: get_seconds() - tw_ts_recent_stamp > 1. A
// CentOS 8 has that too, together with the tcp_tw_reuse of 2 of 4.19:
// https://github.com/AmpereComputing/ampere-centos-kernel---DEPRECATED
var monotonicSeconds = release{4, 19}

// TwoSeconds says whether a tuple may have to wait until the clock's second has
// changed twice. Each two seconds then have K connections.
func (k Known) TwoSeconds() bool {
	r, ok := releaseOf(k.Release)
	may, _ := k.WholeSeconds()
	return ok && may && r.before(monotonicSeconds)
}

// Apply puts into a setup what the laws have to know of the kernel. Of what is unknown
// it takes the worst: the longest TIME_WAIT, the interval, and two seconds for reuse.
//
// The cost of connect() is left as it is: it is the machine's as much as the
// kernel's, and the table has but one machine's.
func (k Known) Apply(s law.Setup) law.Setup {
	s.ReuseWholeSeconds, _ = k.WholeSeconds()
	if k.TwoSeconds() {
		s.ReuseDelay = 2 * law.ReuseDelay
	}
	hz := slices.MaxFunc(k.hz(), func(a, b int) int { return cmp.Compare(law.TimeWaitLump(a), law.TimeWaitLump(b)) })
	s = s.WithHZ(hz)
	if reuse, ok := k.Fact(idTwReuse).Value.(int); ok {
		s.TwReuse = reuse
	}
	return s
}

// Package ability says what a kernel can do, as far as the laws and the lab
// depend on it.
//
// An ability is found by trying, never by a version: distributions carry
// changes back, and a number says nothing of them. Linux 6.1.176 accepts
// IP_LOCAL_PORT_RANGE, which upstream has since 6.3. RHEL 8's 4.18 has the tcp_tw_reuse
// of 2 that upstream has since 4.19, and not the rule for its age of that release.
//
// Found is what was found, as it is stored with a run. All lists the abilities:
// a file each, with a name for a reader, how it is tried, and what the laws do
// where a kernel differs from the one they were measured on.
//
// Nothing here touches a kernel, so that results and laws may use these words.
//
// Neighbours: package ability/trial tries them, package driver/netns gives it a
// namespace to try in, package law takes what was found.
package ability

import (
	"fmt"
	"strconv"

	"github.com/lab99/lab99/internal/format"
)

// Found is what a kernel can do. What is nil is not known, and Unknown says why
// by the name in JSON, which is the ID of the ability.
type Found struct {
	TimeWaitCountedAtCreation *bool    `json:"time_wait_counted_at_creation,omitempty"`
	ReuseCountsWholeSeconds   *bool    `json:"reuse_counts_whole_seconds,omitempty"`
	TwReuseDelay              *bool    `json:"tw_reuse_delay,omitempty"`
	LocalPortRange            *bool    `json:"local_port_range,omitempty"`
	LocalPortRangeRemovesStep *bool    `json:"local_port_range_removes_step,omitempty"`
	PortStepWidth             *bool    `json:"port_step_width,omitempty"`
	ScanTimeWaitNs            *float64 `json:"scan_time_wait_ns,omitempty"`   // of connect(), per port that is taken
	ScanEstablishedNs         *float64 `json:"scan_established_ns,omitempty"` // likewise
	// Width of the range in which that was measured.
	ScanPorts      *int  `json:"scan_ports,omitempty"`
	HZ             *int  `json:"hz,omitempty"` // of the kernel's timers
	EpollPwait2    *bool `json:"epoll_pwait2,omitempty"`
	MountSetattr   *bool `json:"mount_setattr,omitempty"`
	Openat2        *bool `json:"openat2,omitempty"`
	UserNamespaces *bool `json:"user_namespaces,omitempty"`
	InetDiag       *bool `json:"inet_diag,omitempty"`
	SockDestroy    *bool `json:"sock_destroy,omitempty"`

	Unknown map[string]string `json:"unknown,omitempty"`
}

// Ability is one thing that a kernel can do, or one of its figures.
type Ability struct {
	ID    string
	Name  string // for a reader: what is so, or what the figure is of
	Tried string // how it is found out
	// Otherwise is what lab99 does where it is not so, as a sentence. A figure has none.
	Otherwise string

	is     func(Found) *bool  // of what is so or not
	usual  bool               // how it is on the kernel that the laws were measured on
	figure func(Found) string // of a figure; "" if not known
}

// All are the abilities, in the order in which a reader meets them.
var All = []Ability{
	timeWaitCount,
	reuseClock,
	reuseDelay,
	portRange,
	portRangeStep,
	stepWidth,
	scanTimeWait,
	scanEstablished,
	scanPorts,
	hz,
	epollPwait2,
	mountSetattr,
	openat2,
	userNamespaces,
	inetDiag,
	sockDestroy,
}

// Nothing is what is found where nothing could be tried, and why.
func Nothing(why string) Found {
	f := Found{Unknown: map[string]string{}}
	for _, a := range All {
		f.Unknown[a.ID] = why
	}
	return f
}

// Known says whether it was found out.
func (a Ability) Known(f Found) bool {
	if a.is != nil {
		return a.is(f) != nil
	}
	return a.figure(f) != ""
}

// Is says how it is where it is so or not; known is false for figures and where
// it was not found out.
func (a Ability) Is(f Found) (is, known bool) {
	if a.is == nil || a.is(f) == nil {
		return false, false
	}
	return *a.is(f), true
}

// Of returns the ability of an ID.
func Of(id string) (Ability, bool) {
	for _, a := range All {
		if a.ID == id {
			return a, true
		}
	}
	return Ability{}, false
}

// Finding is what was found of one ability, in words. It is neither good nor bad, and so has
// no level.
type Finding struct {
	ID, Name string
	Value    string // "yes", "no", a figure, or NotKnown and why
	Usual    bool   // it is as on the kernel that the laws were measured on, or a figure
	// Otherwise says what is then done differently; "" if nothing is.
	Otherwise string
}

// NotKnown begins the value of what was not found out.
const NotKnown = "unknown"

// asMeasured is what laws do that know no better.
const asMeasured = "the laws then take it to be as on Linux 6.18"

// eitherWay is what they do instead where they can be told nothing of how reuse
// counts (Apply).
const eitherWay = "the laws then give the interval of whole seconds, which holds for milliseconds too"

// Findings say what was found, of each ability.
func (f Found) Findings() []Finding {
	var all []Finding
	for _, a := range All {
		l := Finding{ID: a.ID, Name: a.Name, Usual: true}
		is, known := a.Is(f)
		switch {
		case !a.Known(f):
			l.Usual, l.Value, l.Otherwise = false, NotKnown, asMeasured
			if a.ID == reuseClock.ID && f.TwReuseDelay != nil && !*f.TwReuseDelay {
				l.Otherwise = eitherWay
			}
			if why := f.Unknown[a.ID]; why != "" {
				l.Value += ": " + format.OneLine(why)
			}
		case known:
			l.Value = "no"
			if is {
				l.Value = "yes"
			}
			if l.Usual = is == a.usual; !l.Usual {
				l.Otherwise = a.Otherwise
			}
		default:
			l.Value = a.figure(f)
		}
		all = append(all, l)
	}
	return all
}

func nanoseconds(ns *float64) string {
	return format.Or(ns, func(x float64) string { return fmt.Sprintf("%.3g ns", x) }, "")
}

func count(n *int) string { return format.Or(n, strconv.Itoa, "") }

package kernel

import (
	"strconv"
	"time"

	"github.com/lab99/lab99/lab/kernel/guest"
)

// Names of the tasks.
const (
	Abilities  = "abilities"
	Exhaustion = "port-exhaustion"
	SameHost   = "same-host"
	Ceiling    = "tw-reuse-ceiling"
	Held       = "held"
)

// How long they may take. An emulated processor needs a minute for what takes ten
// seconds here.
const (
	probeLimit = 90 * time.Second
	holdLimit  = 2 * time.Minute
	labLimit   = 4 * time.Minute
)

// Probe asks the kernel what it can do.
func Probe() guest.Task {
	return guest.Task{
		Name:   Abilities,
		Argv:   []string{"/" + guest.Tool, "abilities", "--json"},
		LimitS: probeLimit.Seconds(),
	}
}

// disturbed are lab99's exit codes for a run that the machine had no time for: the
// figures prove nothing, or a server did not come up in time.
var disturbed = []int{2, 3}

// Labs are the scenarios that a kernel is held against, at a rate that it bears.
// Ports are few, so that error 99 comes within seconds, and even in number: in an
// odd range connect() may overlook one.
func Labs(rate int, images string) []guest.Task {
	return []guest.Task{
		{Name: Held, Argv: []string{"/" + guest.Init, guest.HoldCommand}, LimitS: holdLimit.Seconds(), Beside: true},
		lab(Exhaustion, images, 2*rate, rate, 7*time.Second), // error 99 after 2 s, and after 6 s with three addresses
		lab(SameHost, images, rate*3/2, rate, 5*time.Second),
		lab(Ceiling, images, rate*6/5, rate*4/5, 4*time.Second), // above the ceiling at twice the rate: after 0.75 s
	}
}

func lab(scenario, images string, ports, rate int, duration time.Duration) guest.Task {
	return Lab(scenario, scenario, images,
		"size.ports="+strconv.Itoa(ports+ports%2), "size.rate="+strconv.Itoa(rate), "size.duration="+duration.String())
}

// Lab runs a scenario in a guest, by its name or its directory there, with nginx and
// Apache of these packages.
func Lab(task, scenario, images string, set ...string) guest.Task {
	argv := []string{"/" + guest.Tool, "run", scenario,
		"--driver", "netns", "--parallel", "1", "--json", "--out", "{out}"}
	for _, s := range append(set, "proxy.image="+images, "backend.image="+images) {
		argv = append(argv, "--set", s)
	}
	return guest.Task{Name: task, Argv: argv, LimitS: labLimit.Seconds(), Again: disturbed}
}

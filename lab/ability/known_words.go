package ability

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lab99/lab99/internal/format"
)

// KnownLine is a fact in words: what it is about, what is so, and what that rests on.
type KnownLine struct {
	About, Text string
	How         How
	Source      string
}

// Lines are the facts in words.
func (k Known) Lines() []KnownLine {
	var all []KnownLine
	line := func(about, id, text string) {
		f := k.Fact(id)
		all = append(all, KnownLine{about, text, f.How, f.Source})
	}
	line("TIME_WAIT", idHZ, k.timeWaitWords())
	line("free for reuse", idWholeSeconds, k.reuseWords())
	line("reuse delay", idReuseDelay, k.say(idReuseDelay, "tcp_tw_reuse_delay can be set",
		"tcp_tw_reuse_delay is absent"))
	line("tcp_tw_reuse", idTwReuse, k.defaultWords())
	line("IP_LOCAL_PORT_RANGE", idRemovesStep, k.optionWords())
	line("port step width", idStepWidth, k.say(idStepWidth, "ip_local_port_step_width can be set, and is 0",
		"no such setting"))
	line("lookup", idRCU, k.say(idRCU,
		"a port held by a connection is passed over under RCU, at less cost than one in TIME_WAIT",
		"every port that connect() walks over takes its bucket's lock"))
	line("TcpExt TW", idAtCreation, k.say(idAtCreation, "counts a TIME_WAIT when it begins",
		"counts a TIME_WAIT when it ends"))
	line("cost of connect()", idTimeWait, k.costWords())
	return all
}

// say is a fact that is so or not.
func (k Known) say(id, yes, no string) string {
	switch v, known := k.Fact(id).Value.(bool); {
	case !known:
		return "not known"
	case v:
		return yes
	}
	return no
}

func (k Known) timeWaitWords() string {
	least, most := k.TimeWait()
	text := fmt.Sprintf("%s to %s", strconv.FormatFloat(least.Seconds(), 'f', -1, 64), format.About(most.Seconds()))
	if hz, ok := k.Fact(idHZ).Value.(int); ok {
		return fmt.Sprintf("%s, with HZ=%d", text, hz)
	}
	var all []string
	for _, hz := range ticks {
		all = append(all, strconv.Itoa(hz))
	}
	return fmt.Sprintf("%s, as HZ may be %s; the figures are for the longest", text, strings.Join(all, ", "))
}

func (k Known) reuseWords() string {
	switch may, known := k.WholeSeconds(); {
	case k.TwoSeconds() && known:
		return "when the second of the kernel's clock has changed twice, after one to two seconds; " +
			"the figures are for two"
	case k.TwoSeconds():
		return "after one to two seconds, by a rule that is not known; the figures are for two"
	case !known:
		return "after a second, or at the next full second of the kernel's clock: an interval covers both"
	case may:
		return "at the next full second of the kernel's clock, so error 99 comes within an interval"
	}
	return "after tcp_tw_reuse_delay, to the millisecond"
}

func (k Known) defaultWords() string {
	switch k.Fact(idTwReuse).Value {
	case 0:
		return "0 by default: nowhere"
	case 2:
		return "2 by default: on loopback only"
	}
	return "its default is not known"
}

func (k Known) optionWords() string {
	has, known := k.Fact(idRange).Value.(bool)
	removes, tried := k.Fact(idRemovesStep).Value.(bool)
	switch {
	case tried && removes:
		return "a socket that sets it has no step at half the range; a stock proxy does not set it"
	case known && !has:
		return "no such option: every program has the step at half the range"
	case tried && known:
		return "the option is there, and the step at half the range stays"
	case tried:
		return "the step at half the range stays, option or not"
	}
	return "whether the option removes the step at half the range is not known"
}

func (k Known) costWords() string {
	const own = "the figures are for the machine that the laws were measured on"
	waiting, ok := k.Fact(idTimeWait).Value.(int)
	held, also := k.Fact(idEstablished).Value.(int)
	if !ok || !also {
		return "not known for this kernel: " + own
	}
	return fmt.Sprintf("%d ns a port in TIME_WAIT and %d ns a port of a connection on one machine; %s",
		waiting, held, own)
}

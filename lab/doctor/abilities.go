package doctor

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/driver"
)

// readAbilities tries them anew: a module may have been loaded since a run did.
func readAbilities(ctx context.Context, d driver.Driver) ability.Found {
	if d == nil {
		return ability.Nothing("no driver can run here")
	}
	t, ok := d.(driver.Trier)
	if !ok {
		return ability.Nothing(fmt.Sprintf("the driver %s cannot try it", d.Name()))
	}
	f, err := t.Abilities(ctx, true)
	if err != nil {
		return ability.Nothing(format.OneLine(err.Error()))
	}
	return f
}

// judgeReuseDelay: the hold time under tcp_tw_reuse=1.
func judgeReuseDelay(f Findings) Check {
	c := Check{Name: "tw_reuse_delay", Status: OK}
	delay := f.Abilities.TwReuseDelay
	in := f.Namespaces.inside()
	switch {
	case delay == nil:
		c.Found = unseen
		return c
	case !*delay:
		c.Found = "a second, for this kernel has no sysctl for it"
		if whole := f.Abilities.ReuseCountsWholeSeconds; whole != nil && *whole {
			c.Found = "until the clock's second changes: tcp_tw_reuse counts in whole seconds here"
		}
		return c
	case in == nil || in.Sysctls[delaySysctl] == "":
		c.Found = "in milliseconds, with a sysctl"
	case in.Sysctls[delaySysctl] == "1000":
		c.Found = "1000 ms, the default"
	default:
		c.Status, c.Found = Warn, fmt.Sprintf("%s ms in a new namespace, not the default 1000", in.Sysctls[delaySysctl])
		c.Remedy = "set proxy.sysctls.net.ipv4.tcp_tw_reuse_delay in the scenario where that matters; " +
			"predictions follow what is read back"
	}
	return c
}

const delaySysctl = "net.ipv4.tcp_tw_reuse_delay"

// writeAbilities writes an ability a line, the value first. Those that are not known
// for one reason share a line.
func writeAbilities(w io.Writer, kernel string, found ability.Found) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nWhat Linux %s can do, tried in a namespace of its own:\n\n", kernel)
	unknown := map[string][]string{}
	var reasons []string
	for _, l := range found.Findings() {
		if why, ok := strings.CutPrefix(l.Value, ability.NotKnown); ok {
			if unknown[why] == nil {
				reasons = append(reasons, why)
			}
			unknown[why] = append(unknown[why], l.ID)
			continue
		}
		fmt.Fprintf(&b, "%-7s  %s\n", l.Value, l.Name)
		if l.Otherwise != "" {
			fmt.Fprintf(&b, "%11s%s\n", "→ ", l.Otherwise)
		}
	}
	for _, why := range reasons {
		what := strings.Join(unknown[why], ", ")
		if len(unknown[why]) == len(ability.All) {
			what = "all of it"
		}
		fmt.Fprintf(&b, "%-7s  %s%s\n", ability.NotKnown, what, why)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/proxy"
)

// ofKind is the kind of proxy that a question is about, and what it is told to do.
type ofKind struct {
	name, policyName string
	kind             proxy.Kind
	policy           *proxy.Policy // nil: nginx, which the other flags describe
	bare             law.Setup     // the question without it
}

func (k *ofKind) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&k.name, "proxy", lint.KindNginx, "the `kind` of proxy: "+strings.Join(proxy.Names(), ", "))
	fs.StringVar(&k.policyName, "policy", "",
		"what it does with upstream connections, a `word` of its kind; also --mode")
	fs.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "mode" { // HAProxy's word for it
			name = "policy"
		}
		return pflag.NormalizedName(name)
	})
	words(cmd, "proxy", proxy.Names()...)
	for _, other := range []string{"close-share", "config", "nat"} {
		cmd.MarkFlagsMutuallyExclusive("policy", other)
	}
}

// apply puts the proxy's conduct into a setup that is not completed.
func (k *ofKind) apply(s *law.Setup) error {
	k.kind = proxy.Named(k.name)
	if !slices.Contains(proxy.Names(), k.name) {
		return &usageError{fmt.Sprintf("--proxy %s: a kind of proxy is expected, one of %s",
			k.name, strings.Join(proxy.Names(), ", "))}
	}
	g, governed := k.kind.(proxy.Governed)
	if !governed {
		if k.policyName != "" {
			return &usageError{fmt.Sprintf("--policy (--mode) %s: %s has no policies; "+
				"--close-share or --config describes what it does, and --proxy names another kind: %s",
				k.policyName, k.name, strings.Join(kindsWithPolicies(), ", "))}
		}
		return nil
	}
	all := g.Policies()
	i := slices.IndexFunc(all, func(p proxy.Policy) bool { return p.Name == k.policyName })
	if k.policyName == "" {
		i = 0
	}
	if i < 0 {
		return &usageError{fmt.Sprintf("--policy %s: what %s can be told is expected, one of %s", k.policyName, k.name,
			strings.Join(proxy.PoliciesOf(k.kind), ", "))}
	}
	k.policy, k.bare = &all[i], *s
	*s = s.By(k.policy.Laws)
	return nil
}

// kindsWithPolicies are the kinds of proxy that have policies.
func kindsWithPolicies() (all []string) {
	for _, name := range proxy.Names() {
		if _, has := proxy.Named(name).(proxy.Governed); has {
			all = append(all, name)
		}
	}
	return all
}

// others are the kind's other policies, as changes.
func (k *ofKind) others() (all []law.Mitigation) {
	for _, p := range k.kind.(proxy.Governed).Policies() {
		if p.Name != k.policy.Name {
			all = append(all, law.Mitigation{Name: p.Name, Change: p.Words, Setup: k.bare.By(p.Laws).Complete()})
		}
	}
	return all
}

// mitigationsOf are the changes to compare. What pools nginx's connections is another
// kind's policy.
func (k *ofKind) mitigationsOf(s law.Setup) []law.Mitigation {
	all := law.Mitigations(s)
	if k.policy == nil {
		return all
	}
	all = withoutPools(all)
	return append(k.others(), all...)
}

// withoutPools takes out the changes that are a pool of nginx's.
func withoutPools(all []law.Mitigation) []law.Mitigation {
	return slices.DeleteFunc(all, func(m law.Mitigation) bool { return m.Name == "keepalive" || m.Name == "all" })
}

// conduct says in a sentence or two what the proxy does.
func (k *ofKind) conduct(s law.Setup) string {
	c, name := k.policy.Laws, proxy.Title(k.kind)
	text := []string{fmt.Sprintf("%s, %s (%s):", name, k.policy.Name, k.policy.Words)}
	say := func(format string, args ...any) { text = append(text, fmt.Sprintf(format, args...)) }
	switch {
	case c.OwnPorts > 0:
		say("it chooses each port from a list of %d, and takes it back at once (timestamps needed).", c.OwnPorts)
	case c.Resets:
		say("it ends connections by a reset, and no TIME_WAIT is left.")
	case s.Race:
		say("both ends close at once; f from %.2f to %.2f was measured, and 1 is the worst case below.",
			c.LeastShare, c.MostShare)
		if early, late := s.RangeOf(c.LeastShare, c.MostShare); early != nil && late != nil {
			say("With those error 99 comes after %s to %s.", format.About(*early), format.About(*late))
		}
	case c.Idle > 0:
		say("it keeps up to %d idle connections.", c.Idle)
	default:
		say("f = %g.", c.CloseShare)
	}
	if c.BindsFirst {
		say("It calls bind() first: all destinations share the ports.")
	}
	say("A request that finds no port costs %s", format.Plural(int64(max(c.Tries, 1)), "connect() call"))
	if c.Blackout > 0 {
		text[len(text)-1] += fmt.Sprintf(", and for the next %s every request fails without one",
			c.Blackout.Round(time.Millisecond))
	}
	return strings.Join(text, " ") + "."
}

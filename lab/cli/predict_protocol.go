package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/lint"
	"github.com/lab99/lab99/lab/upstream"
	"github.com/lab99/lab99/scenarios"
)

// overProtocol is what nginx speaks to the backend.
type overProtocol struct {
	of     scenarios.Variant // no more of it than decides on the ending
	ending *law.Ending       // nil: HTTP, which the other flags describe
}

func (o *overProtocol) register(cmd *cobra.Command) {
	all := scenarios.Protocols()
	fs := cmd.Flags()
	fs.StringVar(&o.of.Upstream.Protocol, "protocol", scenarios.ProtocolHTTP,
		"what nginx speaks to the backend, a `word`: "+strings.Join(all, ", "))
	fs.BoolVar(&o.of.Proxy.KeepConn, "keep-conn", false, "with --protocol fastcgi: fastcgi_keep_conn is on")
	words(cmd, "protocol", all...)
	for _, other := range []string{"close-share", "config", "nat", "policy"} {
		cmd.MarkFlagsMutuallyExclusive("protocol", other)
	}
}

// apply puts the protocol's ending into a setup that is not completed.
func (o *overProtocol) apply(s *law.Setup, proxy string) error {
	name := o.of.Upstream.Protocol
	e, ok := upstream.EndingOf(o.of)
	switch {
	case o.of.Proxy.KeepConn && name != "fastcgi":
		return &usageError{"--keep-conn is fastcgi_keep_conn: --protocol fastcgi is expected with it"}
	case !slices.Contains(scenarios.Protocols(), name):
		return &usageError{fmt.Sprintf("--protocol %s: what nginx speaks is expected, one of %s",
			name, strings.Join(scenarios.Protocols(), ", "))}
	case name != scenarios.ProtocolHTTP && proxy != lint.KindNginx:
		return &usageError{fmt.Sprintf("--protocol %s is for nginx, and the proxy is %s", name, proxy)}
	case !ok: // HTTP, or connections that are held
		return nil
	}
	*s, o.ending = s.Over(e), &e
	return nil
}

// without takes out the changes that do nothing: where a connection does not stay, a pool
// has none to keep.
func (o *overProtocol) without(all []law.Mitigation) []law.Mitigation {
	if o.ending == nil || o.ending.Stays {
		return all
	}
	return withoutPools(all)
}

// says is who ends a connection, in a sentence or two.
func (o *overProtocol) says(s law.Setup) string {
	name := o.of.Upstream.Protocol
	if o.of.Proxy.KeepConn {
		name += " with fastcgi_keep_conn on"
	}
	e := o.ending
	switch {
	case e.Races():
		text := fmt.Sprintf("%s: both ends close after the reply, and a pool has nothing to keep. "+
			"f from %.2f to %.2f was measured, and 1 is the worst case below.", name, e.LeastShare, e.MostShare)
		if early, late := s.RangeOf(e.LeastShare, e.MostShare); early != nil && late != nil {
			text += fmt.Sprintf(" With those error 99 comes after %s to %s.", format.About(*early), format.About(*late))
		}
		return text
	case e.Stays:
		return fmt.Sprintf("%s: the backend leaves a connection open, "+
			"and nginx without a pool closes it first: f = %g.",
			name, e.CloseShare)
	}
	return fmt.Sprintf("%s: the backend closes after its reply, and a pool has nothing to keep: f = %g.",
		name, e.CloseShare)
}

package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/lab99/lab99/internal/format"
)

// The findings: error 99 whose ports were taken, or may have been, and error 99 with ports free.
const (
	countedID    = "error-99-counted"
	otherCauseID = "error-99-other-cause"
)

// runOut is the share of the ports from which on error 99 is exhaustion: a look comes a
// moment before or after it.
const runOut = 0.9

// failing is what failed with error 99 towards one destination.
type failing struct {
	place
	to     netip.AddrPort
	count  int64
	whom   []string
	others int64
}

const whomAtMost = 3 // processes of a finding

func (t *Tracing) findings(r *Report, s *Snapshot) (found []Finding) {
	var all []*failing
	at := map[place]*failing{}
	for _, f := range t.Counts.Failures {
		if f.Errno != errorNoPort {
			continue
		}
		p := place{f.Namespace, f.To.String()}
		x := at[p]
		if x == nil {
			x = &failing{place: p, to: f.To}
			at[p] = x
			all = append(all, x)
		}
		x.count += f.Count
		if len(x.whom) == whomAtMost {
			x.others += f.Count
			continue
		}
		x.whom = append(x.whom, fmt.Sprintf("%s %d (%s)", process(f), f.PID, format.Grouped(f.Count)))
	}
	slices.SortStableFunc(all, func(a, b *failing) int { return cmp.Compare(b.count, a.count) })
	for _, x := range all {
		found = append(found, t.finding(r, s, x))
	}
	return found
}

// finding is what error 99 towards a destination means: ports that have run out, or
// something else.
func (t *Tracing) finding(r *Report, s *Snapshot, x *failing) Finding {
	if x.others > 0 {
		x.whom = append(x.whom, fmt.Sprintf("others (%s)", format.Grouped(x.others)))
	}
	name := r.nameOf(x.namespace)
	f := Finding{
		ID: countedID, Level: Critical, Namespace: name, Destination: x.destination,
		Text: fmt.Sprintf("%s in %s: %s failed with error 99 in %s: %s", x.destination, name,
			format.Plural(x.count, "connect() call"), format.About(t.Counts.For.Seconds()), format.List(x.whom)),
	}
	n := s.by(x.namespace)
	share, seen := t.fullest[x.place]
	switch {
	case n == nil || n.Ports == nil:
		f.Level = Warning
		f.Text += "; how many ports there are is not known, so neither is whether they ran out"
		f.Next = "look at that namespace in full: as root, while it is there"
	case share >= runOut:
		f.Text += fmt.Sprintf("; %s of the ports towards it were taken", format.Percent(share))
		f.Next = "see what is said of this destination above"
	default:
		f.ID, f.Level = otherCauseID, Warning
		if seen {
			f.Text += fmt.Sprintf("; at most %s of the ports towards it were taken, so that is no exhaustion",
				format.Percent(share))
		} else {
			f.Text += "; no port towards it was taken, so that is no exhaustion"
		}
		f.Next = otherCauses(n, x.to.Addr())
	}
	return f
}

// by is the namespace with an inode; nil: it was not seen.
func (s *Snapshot) by(inode uint64) *Namespace {
	for i := range s.Namespaces {
		if n := &s.Namespaces[i]; inode != 0 && n.Inode == inode {
			return n
		}
	}
	return nil
}

// otherCauses are those of error 99 with ports free, as package explain tells them of a log
// line.
func otherCauses(n *Namespace, to netip.Addr) string {
	has := func(a netip.Addr) bool { return a.Is6() == to.Is6() && !a.IsLinkLocalUnicast() }
	switch {
	case to.Is6() && !to.IsLoopback() && !slices.ContainsFunc(n.Addresses, has):
		return "it has no IPv6 address to connect from: give it one, or let the name lead to IPv4 only"
	case to.Is6():
		return "is IPv6 on there (`sysctl net.ipv6.conf.all.disable_ipv6`, `ip -6 address`)? " + ownPort
	}
	return ownPort
}

const ownPort = "does the program bind a port of its own before connect(), or keep to a range of its own " +
	"(IP_LOCAL_PORT_RANGE)? Those are taken then, and others are free"

package probe

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/lab99/lab99/results"
)

// Side says which end of a connection is the destination counted.
type Side uint8

const (
	Remote Side = iota // on the proxy: connections towards the destination
	Local              // on the backend: connections that arrived at it
)

// tally counts sockets by destination and state.
type tally struct {
	side   Side
	dst    []string
	index  map[endpoint]int
	counts [][stateCount]int64
}

func newTally(dst []netip.AddrPort, side Side) *tally {
	dst = slices.Clone(dst)
	for i, d := range dst {
		dst[i] = netip.AddrPortFrom(d.Addr().Unmap().WithZone(""), d.Port())
	}
	slices.SortFunc(dst, netip.AddrPort.Compare)
	dst = slices.Compact(dst)
	t := &tally{side: side, index: make(map[endpoint]int, len(dst)), counts: make([][stateCount]int64, len(dst))}
	for i, d := range dst {
		t.dst = append(t.dst, d.String())
		t.index[endpointOf(d)] = i
	}
	return t
}

func (t *tally) reset() { clear(t.counts) }

func (t *tally) add(m diagMsg) {
	end := m.remoteEnd()
	if t.side == Local {
		end = m.localEnd()
	}
	if i, ok := t.index[end]; ok && int(m.state()) < stateCount {
		t.counts[i][m.state()]++
	}
}

// result lists the counts that are not 0, by destination, then by state.
func (t *tally) result() []results.Sockets {
	var out []results.Sockets
	for i := range t.counts {
		from := len(out)
		for state, n := range t.counts[i] {
			if n > 0 {
				out = append(out, results.Sockets{Dst: t.dst[i], State: stateNames[state], N: n})
			}
		}
		slices.SortFunc(out[from:], func(a, b results.Sockets) int { return strings.Compare(a.State, b.State) })
	}
	return out
}

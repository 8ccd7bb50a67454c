package strip

import (
	"encoding/json"
	"testing"

	"github.com/lab99/lab99/results"
)

func sum(all []Point) (total Point, ports int) {
	for _, p := range all {
		total.OK += p.OK
		total.Failed += p.Failed
		total.Error99 += p.Error99
		total.Refused += p.Refused
		if p.Ports != nil {
			ports++
		}
	}
	return total, ports
}

// TestThinLosesNoRequest: fewer points, the same counts, and the end is the end.
func TestThinLosesNoRequest(t *testing.T) {
	for _, n := range []int{1, 599, 600, 601, 5000, 33333} {
		var all []Point
		for i := range n {
			ports := int64(i)
			at := float64(i) / 10
			all = append(all, Point{
				T:       at,
				OK:      int64(i % 7),
				Failed:  int64(i % 3),
				Error99: int64(i % 2),
				Refused: int64(i % 5),
			}, Point{T: at, Ports: &ports})
		}
		kept := thin(all, 300)
		want, _ := sum(all)
		got, ports := sum(kept)
		if got != want {
			t.Errorf("of %d: %+v requests, want %+v", n, got, want)
		}
		var last int64
		for _, p := range kept {
			if p.Ports != nil {
				last = *p.Ports
			}
		}
		if last != int64(n-1) {
			t.Errorf("of %d: the last look is that of %d", n, last)
		}
		if len(kept) > 1300 || ports > 600 || ports == 0 {
			t.Errorf("of %d points %d are left, %d of them of sockets", 2*n, len(kept), ports)
		}
		for i := 1; i < len(kept); i++ {
			if kept[i].T < kept[i-1].T {
				t.Fatalf("of %d: %v s stands behind %v s", n, kept[i].T, kept[i-1].T)
			}
		}
	}
}

func TestPointIsShort(t *testing.T) {
	n := int64(480)
	for want, p := range map[string]Point{
		"[2.346,480]":          {T: 2.3456, Ports: &n},
		"[2.3,480,7,5,3]":      {T: 2.3, Ports: &n, Log: &results.Errors{Error99: 7, NoLiveUpstreams: 5, Other: 3}},
		"[2.4,null,15,6,4,1]":  {T: 2.4, OK: 15, Failed: 6, Error99: 4, Refused: 1},
		"[0.1,null,0,0,0,0]":   {T: 0.1},
		"[12.5,null,20,0,0,0]": {T: 12.5, OK: 20},
	} {
		if b, err := json.Marshal(p); err != nil || string(b) != want {
			t.Errorf("%s, %v, want %s", b, err, want)
		}
	}
}

// TestOf: what is no point of the picture.
func TestOf(t *testing.T) {
	for name, s := range map[string]results.Sample{
		"before the load":     {T: -0.1, Load: &results.Load{}},
		"the neighbour's":     {T: 1, Neighbour: &results.Neighbour{}},
		"the backend's":       {T: 1, Host: results.HostBackend, Net: &results.Net{Sockets: []results.Sockets{{N: 3}}}},
		"without its sockets": {T: 1, Host: results.HostProxy, Net: &results.Net{}},
		"the bystander's":     {T: 1, Bystander: &results.Bystander{}},
	} {
		if p, ok := Of(s); ok {
			t.Errorf("%s is a point: %+v", name, p)
		}
	}
	p, ok := Of(results.Sample{
		T:    1,
		Host: results.HostProxy,
		Net:  &results.Net{Sockets: []results.Sockets{{N: 3}, {N: 4}}},
	})
	if !ok || p.Ports == nil || *p.Ports != 7 {
		t.Errorf("the proxy's is %+v, %v", p, ok)
	}
}

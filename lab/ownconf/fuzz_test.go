package ownconf

import (
	"math"
	"os"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/scenarios/nginxconf"
)

// FuzzOf: every route of any file makes a setup that the laws can take, and a
// request that Ask names reaches its route.
func FuzzOf(f *testing.F) {
	filetest.Seed(f, "../../scenarios/nginxconf/testdata/*.conf")
	f.Fuzz(func(t *testing.T, text []byte) {
		open := func(string) ([]byte, error) { return nil, os.ErrNotExist }
		c, err := nginxconf.Load("nginx.conf", nginxconf.Options{Text: append([]byte{}, text...), Open: open})
		if err != nil {
			return
		}
		routes := c.Routes(nginxconf.Release{})
		for _, r := range routes[:min(len(routes), 8)] {
			for _, nat := range []bool{false, true} {
				told := Of(r, law.Setup{Ports: 500, RatePerS: 200, NAT: nat})
				s := told.Setup.Complete()
				if k := s.Tuples(); k < 1 || k > s.Ports*s.Sources*s.Destinations {
					t.Errorf("%s: K %d of %d × %d × %d", r.Pass.Pos(), k, s.Ports, s.Sources, s.Destinations)
				}
				if p := law.Predict(s); math.IsNaN(p.Rho) || p.FirstError99S != nil && math.IsNaN(*p.FirstError99S) {
					t.Errorf("%s: %+v of %+v", r.Pass.Pos(), p, s)
				}
			}
			if host, path, ok := Ask(c, nginxconf.Release{}, r); ok &&
				len(Choose(c, nginxconf.Release{}, host, path).Routes) == 0 {
				t.Errorf("%s: %q %q reaches no backend", r.Pass.Pos(), host, path)
			}
		}
		Choose(c, nginxconf.Release{}, "", "/")
		Workers(c)
	})
}

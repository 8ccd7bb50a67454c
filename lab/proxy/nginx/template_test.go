package nginx

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/httpd"
	"github.com/lab99/lab99/scenarios"
)

// variants are those of the main scenario.
func variants(t *testing.T, size string) []scenarios.Variant {
	t.Helper()
	s, err := scenarios.Load("port-exhaustion")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(size, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Variants
}

func text(t *testing.T, k proxy.Kind, v scenarios.Variant, at proxy.Site) string {
	t.Helper()
	c, err := k.Configure(v, at)
	if err != nil {
		t.Fatal(err)
	}
	return string(c.Text)
}

func TestRenderedConfigurations(t *testing.T) {
	for _, v := range variants(t, "standard") {
		for _, release := range []string{"1.22.1", "1.29.7"} {
			golden.Compare(t, filepath.Join("testdata/rendered", v.Name+"-nginx-"+release+".conf"),
				text(t, Kind{}, v, site(v, release)))
		}
		golden.Compare(t, filepath.Join("testdata/rendered", v.Name+"-httpd.conf"), text(t, httpd.Kind{}, v, site(v, "")))
	}
}

func TestWorkerConnectionsFitTheDescriptors(t *testing.T) {
	v := variants(t, "quick")[0]
	for _, c := range []struct{ noFile, connections, want int }{
		{0, 64, 1024}, {1024, 64, 1024}, {20000, 64, 8192}, {1 << 20, 64, 8192}, {1 << 20, 8192, 16896},
	} {
		v.Load.Connections = c.connections
		at := site(v, "")
		at.NoFile = c.noFile
		if want := fmt.Sprintf("worker_connections %d;", c.want); !strings.Contains(text(t, Kind{}, v, at), want) {
			t.Errorf("nofile %d, %d connections: want %s", c.noFile, c.connections, want)
		}
	}
}

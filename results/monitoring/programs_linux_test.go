package monitoring

import (
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestNodeExporterHasTheMetrics scrapes a real node_exporter, run without any
// flag about collectors: what the rules and the dashboard ask for is there.
func TestNodeExporterHasTheMetrics(t *testing.T) {
	var path string
	for _, name := range []string{"node_exporter", "prometheus-node-exporter"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
		}
	}
	if path == "" {
		t.Skip("no node_exporter on the PATH: the package prometheus-node-exporter has it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	cmd := exec.CommandContext(ctx, path, "--web.listen-address="+addr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	has := scrape(ctx, t, "http://"+addr+"/metrics")
	all := files(t, example(t))
	asked := map[string]bool{}
	metric := regexp.MustCompile(`node_[A-Za-z0-9_]*[A-Za-z0-9]\b`)
	for _, name := range metric.FindAllString(all[RulesFile]+all["alerts-tw-reuse.yml"]+all[DashboardFile], -1) {
		if name != "node_exporter" {
			asked[name] = true
		}
	}
	for name := range asked {
		if !strings.Contains(has, "\n"+name+" ") {
			t.Errorf("no %s there", name)
		}
	}
	if len(asked) != 3 {
		t.Errorf("asked for %v, want three metrics", asked)
	}
}

func scrape(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		select {
		case <-ctx.Done():
			t.Fatalf("it does not answer: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

package docker

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moby/moby/client"

	"github.com/lab99/lab99/lab/driver"
)

// TestEngineThatStalls: the engine answers, is asked what it is for the third time and says
// nothing. testcontainers asks but once in the life of a process, so the test is one.
func TestEngineThatStalls(t *testing.T) {
	const inside = "LAB99_STALLED_ENGINE"
	if os.Getenv(inside) != "" {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := New(ctx)
		if !errors.As(err, new(*driver.UnfitError)) || !strings.Contains(err.Error(), "stopped answering") {
			t.Fatalf("%v, want that the engine stopped answering", err)
		}
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestEngineThatStalls$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"=1", client.EnvOverrideHost+"="+stalling(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// stalling is the way to the real engine, which says only so often what the engine is.
func stalling(t *testing.T) string {
	t.Helper()
	cli := engine(t)
	way := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "engine" },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return cli.Dialer()(ctx)
		}},
	}
	const answers = 2 // to testcontainers, when it looks for the engine and when it connects
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/info") && asked.Add(1) > answers {
			<-r.Context().Done()
			return
		}
		way.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return "tcp://" + strings.TrimPrefix(s.URL, "http://")
}

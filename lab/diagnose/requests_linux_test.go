package diagnose

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/nginxtest"
)

// TestChurnIsThatOfTheLoad: connections per request, as two looks at a running nginx tell, are
// those that the load made: one without a pool, and one in eight where nginx closes a pooled
// connection after eight requests.
func TestChurnIsThatOfTheLoad(t *testing.T) {
	needs.Root(t)
	dir := t.TempDir()
	conf := `daemon off; pid ` + dir + `/pid; error_log ` + dir + `/error.log; worker_processes 1;
events {}
http {
	access_log ` + dir + `/access.log;
	upstream pool { server 127.0.0.1:81; keepalive 4; keepalive_requests 8; }
	server {
		listen unix:` + dir + `/sock;
		location /plain { proxy_pass http://127.0.0.1:81; }
		location /pool { proxy_pass http://pool; proxy_http_version 1.1; proxy_set_header Connection ""; access_log ` + dir + `/pool.log; }
	}
}
`
	needs.Network(t)
	var opened, served atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:81") // in the namespace of this thread
	if err != nil {
		t.Fatal(err)
	}
	backend := &http.Server{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }),
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				opened.Add(1)
			}
		},
	}
	go backend.Serve(listener)
	defer backend.Close()
	nginx := nginxtest.Start(t, dir, conf)
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", filepath.Join(dir, "sock")) // takes no port, so that connections are nginx's only
	}}}
	defer client.CloseIdleConnections()
	get := func(path string) error {
		r, err := client.Get("http://nginx" + path)
		if err != nil {
			return err
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", path, r.Status)
		}
		return nil
	}
	for range 200 { // until it listens
		if err = get("/plain"); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	const n = 800
	for path, want := range map[string]float64{"/plain": 1, "/pool": 1. / 8} {
		target := Target{PID: nginx.Pid}
		if target.Before, err = Look(t.Context(), target); err != nil {
			t.Fatal(err)
		}
		opened.Store(0)
		served.Store(0)
		for range n {
			if err := get(path); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Look(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		x := Conclude(s, Options{Horizon: time.Minute, Before: target.Before}).Namespaces[0]
		sent, c := float64(opened.Load())/n, s.Namespaces[0].Configured
		if len(c) != 1 || c[0].Requests == nil || c[0].Requests.Count != n || served.Load() != n {
			t.Fatalf("%s: %+v, of %d requests: %q", path, c, n, s.Unseen)
		}
		t.Logf("%s: %.4f connections per request, counted %.4f", path, sent, value(x.Churn))
		if math.Abs(sent-want) > 0.02*want || !(math.Abs(value(x.Churn)-sent) <= 0.02*sent) {
			t.Errorf("%s: %.4f connections per request, and %v were counted; the law says %.4f",
				path, sent, value(x.Churn), want)
		}
	}
}

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// loadTarget is a net/http server to be loaded.
func loadTarget() *httptest.Server {
	one := make(chan struct{}, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond)
		fmt.Fprint(w, "ok")
	})
	mux.HandleFunc("/one", func(w http.ResponseWriter, _ *http.Request) {
		one <- struct{}{}
		time.Sleep(5 * time.Millisecond)
		<-one
		fmt.Fprint(w, "ok")
	})
	mux.HandleFunc("/502", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("/peers", func(w http.ResponseWriter, r *http.Request) {
		if host, _, _ := net.SplitHostPort(r.RemoteAddr); host == "127.0.0.1" {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "seen: %s %s %s %s %s, body %q", r.Method, r.URL.Path, r.Host, r.Header.Get("X-Colour"), r.Header.Get("X-Shape"), body)
	})
	return httptest.NewServer(mux)
}

// TestLoadScripts runs lab99 load as people do, against $URL; nobody listens
// at $NOBODY.
func TestLoadScripts(t *testing.T) {
	atOnce := make(chan struct{}, 2)
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script/load",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(e *testscript.Env) error {
			atOnce <- struct{}{} // they measure
			e.Defer(func() { <-atOnce })
			s := loadTarget()
			e.Defer(s.Close)
			e.Setenv("URL", s.URL)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			e.Setenv("NOBODY", "http://"+l.Addr().String())
			return l.Close()
		},
	})
}

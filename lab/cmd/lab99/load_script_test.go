package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/schedule"
)

// loadTarget is a net/http server to be loaded.
func loadTarget() *httptest.Server { return httptest.NewServer(loadHandler()) }

func loadHandler() http.Handler {
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
		fmt.Fprintf(w, "seen: %s %s %s %s %s, body %q",
			r.Method, r.URL.Path, r.Host, r.Header.Get("X-Colour"), r.Header.Get("X-Shape"), body)
	})
	return mux
}

// oddTargets are servers as people point a load generator at by mistake, or
// have without knowing.
func oddTargets(e *testscript.Env) error {
	t := httptest.NewUnstartedServer(loadHandler())
	t.Config.ErrorLog = log.New(io.Discard, "", 0) // refused certificates are the point
	t.StartTLS()
	e.Defer(t.Close)
	e.Setenv("TLS", t.URL)

	socket := filepath.Join(e.WorkDir, "app.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	u := &http.Server{Handler: loadHandler()}
	go u.Serve(l)
	e.Defer(func() { u.Close() })
	e.Setenv("SOCKET", socket)

	h2 := &http.Server{Protocols: new(http.Protocols)}
	h2.Protocols.SetUnencryptedHTTP2(true) // and nothing else
	if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	go h2.Serve(l)
	e.Defer(func() { h2.Close() })
	e.Setenv("H2C", "http://"+l.Addr().String())

	for name, answer := range map[string]string{
		"CLOSING":  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", // as uwsgi --http-socket does
		"SETTINGS": "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
	} {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
		go answerOnce(l, answer)
		e.Defer(func() { l.Close() })
		e.Setenv(name, "http://"+l.Addr().String())
	}
	return nil
}

// answerOnce answers the first request of each connection, and closes it
// without having said so.
func answerOnce(l net.Listener, answer string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				io.WriteString(c, answer)
			}
		}()
	}
}

// TestLoadScripts runs lab99 load as people do, where only counts and words are held against
// something: beside labs, which it leaves their room.
func TestLoadScripts(t *testing.T) {
	t.Parallel()
	loadScripts(t, "testdata/script/load", func() (leave func(), err error) {
		place, err := machine.Acquire(t.Context(), shortLoad)
		if err != nil {
			return nil, err
		}
		return place.Release, nil
	})
}

// shortLoad is what a script of small loads needs, one after the other, with its servers: 0.2 of a
// core on the average.
var shortLoad = schedule.Need{Cores: 0.3}

// TestMeasuringLoadScripts runs those that hold times and rates against something.
func TestMeasuringLoadScripts(t *testing.T) {
	atOnce := make(chan struct{}, 2)
	loadScripts(t, "testdata/script/measured", func() (leave func(), err error) {
		atOnce <- struct{}{}
		return func() { <-atOnce }, nil
	})
}

// loadScripts runs the scripts of a directory against $URL; nobody listens at $NOBODY. For the
// others see oddTargets. Each script enters first.
func loadScripts(t *testing.T, dir string, enter func() (leave func(), err error)) {
	testscript.Run(t, testscript.Params{
		Dir:  dir,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
		Setup: func(e *testscript.Env) error {
			leave, err := enter()
			if err != nil {
				return err
			}
			e.Defer(leave)
			s := loadTarget()
			e.Defer(s.Close)
			e.Setenv("URL", s.URL)
			nobody := fmt.Sprint("127.0.0.1:", needs.Port(t))
			e.Setenv("NOBODY", "http://"+nobody)
			e.Setenv("NOBODYAT", nobody)
			return oddTargets(e)
		},
	})
}

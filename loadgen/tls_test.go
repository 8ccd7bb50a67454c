package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestTLS(t *testing.T) {
	var requests, bytes, connections atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		requests.Add(1)
		bytes.Add(n)
		_, _ = io.WriteString(w, strings.Repeat("x", 300_000)) // several records
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused certificates are the point
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			requests.Store(0)
			bytes.Store(0)
			connections.Store(0)
			r := mustRun(t, Config{
				URL: s.URL, TLS: &tls.Config{RootCAs: roots, MaxVersion: version}, Connections: 3, Loops: 2,
				Method: "POST", Body: make([]byte, 500_000),
				Profile: Constant(100), Duration: 200 * time.Millisecond,
			})
			if r.OK != 20 || requests.Load() != 20 || bytes.Load() != 20*500_000 {
				t.Errorf("ok %d, causes %v; the server saw %d requests, %d bytes",
					r.OK, r.Causes, requests.Load(), bytes.Load())
			}
			if r.ConnectionsOpened != 3 || connections.Load() != 3 {
				t.Errorf("opened %d, the server saw %d", r.ConnectionsOpened, connections.Load())
			}
		})
	}
	t.Run("a stranger's certificate", func(t *testing.T) {
		r := mustRun(t, Config{URL: s.URL, Profile: Constant(100), Duration: 100 * time.Millisecond})
		if want := map[string]int64{CauseTLS: 10}; !maps.Equal(r.Causes, want) {
			t.Errorf("causes %v, want %v", r.Causes, want)
		}
	})
	t.Run("one connection per request", func(t *testing.T) {
		r := mustRun(t, Config{
			URL:        s.URL,
			TLS:        &tls.Config{RootCAs: roots},
			CloseAfter: 1,
			Profile:    Constant(50),
			Duration:   200 * time.Millisecond,
		})
		if r.OK != 10 || r.ConnectionsOpened != 10 {
			t.Errorf("ok %d, opened %d, causes %v", r.OK, r.ConnectionsOpened, r.Causes)
		}
	})
}

// TestTLSOverAUnixSocket: the certificate is still that of a name.
func TestTLSOverAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Host) }))
	_ = s.Listener.Close()
	s.Listener = l
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	r := mustRun(t, Config{
		URL:         "https://example.com/",
		Unix:        path,
		TLS:         &tls.Config{RootCAs: roots},
		Connections: 2,
		Profile:     Constant(100),
		Requests:    10,
	})
	if r.OK != 10 || r.ConnectionsOpened != 2 {
		t.Errorf("ok %d, opened %d, causes %v, %s", r.OK, r.ConnectionsOpened, r.Causes, r.ConnectWhy)
	}
}

// TestTLSFailuresAreWorded: with what the other side said, where it did.
func TestTLSFailuresAreWorded(t *testing.T) {
	start := func() *httptest.Server {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	plain, other := start(), start()
	other.TLS.NextProtos = []string{"h3"} // of h2 alone crypto/tls makes an exception
	roots := x509.NewCertPool()
	roots.AddCert(plain.Certificate())
	mutual := start()
	mutual.TLS.ClientAuth = tls.RequireAnyClientCert
	for want, c := range map[string]Config{
		"tls: certificate required":                     {URL: mutual.URL, TLS: &tls.Config{RootCAs: roots}},
		"x509: certificate signed by unknown authority": {URL: plain.URL},
		"x509: certificate is valid for example.com": {
			URL:  plain.URL,
			Host: "elsewhere.example",
			TLS:  &tls.Config{RootCAs: roots},
		},
		"tls: no application protocol": {URL: other.URL, TLS: &tls.Config{RootCAs: roots}},
	} {
		c.Profile, c.Requests = Constant(100), 2
		if r := mustRun(t, c); r.Causes[CauseTLS] != 2 || !strings.HasPrefix(r.ConnectWhy, "127.0.0.1:") ||
			!strings.Contains(r.ConnectWhy, want) {
			t.Errorf("causes %v, %q, want %q", r.Causes, r.ConnectWhy, want)
		}
	}
}

func TestTLSHandshakeThatHangsTimesOut(t *testing.T) {
	s := serve(t, func(p *peer) { _, _ = io.Copy(io.Discard, p) })
	r := mustRun(t, Config{URL: strings.Replace(s.url, "http:", "https:", 1), CloseAfter: 1,
		Profile: Constant(10), Duration: 100 * time.Millisecond, Timeout: 100 * time.Millisecond})
	if r.OK != 0 || r.Causes[CauseConnTimeout]+r.Unfinished != 1 {
		t.Errorf("ok %d, causes %v, unfinished %d", r.OK, r.Causes, r.Unfinished)
	}
}

func TestTLSToAPlainServer(t *testing.T) {
	s := serve(t, always(okAnswer))
	r := mustRun(t, Config{URL: strings.Replace(s.url, "http:", "https:", 1), CloseAfter: 1,
		Profile: Constant(100), Duration: 50 * time.Millisecond, Timeout: 200 * time.Millisecond})
	if r.OK != 0 || r.Failed+r.Unfinished != r.Sent {
		t.Errorf("ok %d, causes %v", r.OK, r.Causes)
	}
}

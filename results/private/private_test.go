package private

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/filetest"
)

// served answers with the path that was asked for.
func served(t *testing.T) *Server {
	t.Helper()
	s, err := Listen("127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- s.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.Path) }))
	}()
	t.Cleanup(func() {
		s.End(context.Background(), time.Second)
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	return s
}

// TestOnlyWithTheToken: in the path, or in the header; and no other way.
func TestOnlyWithTheToken(t *testing.T) {
	s := served(t)
	token := strings.Trim(s.Prefix(), "/")
	for _, c := range []struct {
		path, bearer string
		status       int
		seen         string
	}{
		{"/" + token + "/", "", 200, "/" + token + "/"},
		{"/" + token + "/metrics", "", 200, "/" + token + "/metrics"},
		{"/metrics", "Bearer " + token, 200, "/" + token + "/metrics"},
		{"/", "Bearer " + token, 200, "/" + token + "/"},
		{
			path:   "/" + token + "/metrics",
			bearer: "Bearer " + strings.Repeat("A", len(token)),
			status: 200,
			seen:   "/" + token + "/metrics",
		}, // the path has it
		{
			path:   "/" + token,
			status: 404,
		}, // no page is there
		{"/", "", 404, ""},
		{"/metrics", "", 404, ""},
		{"/metrics", "Bearer ", 404, ""},
		{"/metrics", "Bearer " + token + "x", 404, ""},
		{"/metrics", "Basic " + token, 404, ""},
		{"/" + strings.ToLower(token) + "/", "", 404, ""},
		{"/" + token[:10] + "/", "", 404, ""},
		{"//" + token + "/", "", 404, ""},
		{"/x/" + token + "/", "", 404, ""},
		{"/?" + token + "/", "", 404, ""},
	} {
		req, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(s.URL(), s.Prefix())+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.bearer != "" {
			req.Header.Set("Authorization", c.bearer)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || c.status == 200 && string(body) != c.seen {
			t.Errorf("%s with %q: %d %q %v, want %d %q", c.path, c.bearer, resp.StatusCode, body, err, c.status, c.seen)
		}
		if h := resp.Header; !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; ") ||
			h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: the token may leave the page: %v", c.path, h)
		}
	}
}

// TestAllow: what an answer may do is what is said, once each.
func TestAllow(t *testing.T) {
	const all = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
	for want, directives := range map[string][]string{
		"form-action 'none'":                          nil,
		"form-action 'none'; script-src 'sha256-abc'": {"script-src 'sha256-abc'"},
		"form-action 'self'; sandbox":                 {"form-action 'self'", "sandbox"},
	} {
		w := httptest.NewRecorder()
		Allow(w, directives...)
		if got := w.Header().Get("Content-Security-Policy"); got != all+want {
			t.Errorf("%v: %s, want %s", directives, got, all+want)
		}
	}
}

// TestTokensDiffer from one server to the next, or a known address would do.
func TestTokensDiffer(t *testing.T) {
	a, b := served(t), served(t)
	if a.Prefix() == b.Prefix() || len(a.Prefix()) < 26 {
		t.Errorf("tokens %s and %s", a.Prefix(), b.Prefix())
	}
}

// TestEndWithoutServe leaves the address free.
func TestEndWithoutServe(t *testing.T) {
	s, err := Listen("127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.End(t.Context(), time.Second); err != nil {
		t.Error(err)
	}
	again, err := Listen(s.l.Addr().String(), "")
	if err != nil {
		t.Fatal(err)
	}
	again.End(t.Context(), time.Second)
}

// TestToken: what a file may have, and no token in an error.
func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for text, ok := range map[string]bool{
		"0123456789abcdef\n": true, "  a-Z_0123456789abc": true, strings.Repeat("x", 128): true,
		"": false, "0123456789abcde": false, "0123456789abcdef/..": false, "0123456789 abcdefg": false, strings.Repeat("x",
			129): false,
	} {
		filetest.Write(t, file, text)
		token, err := Token(file)
		if (err == nil) != ok || ok && token != strings.TrimSpace(text) || !ok && token != "" {
			t.Errorf("%q: %q, %v", text, token, err)
		}
		if err != nil && text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error tells the token: %v", err)
		}
	}
	if _, err := Token(file + "-not"); err == nil {
		t.Error("no file has a token")
	}
	s, err := Listen("127.0.0.1:0", "0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	defer s.End(t.Context(), time.Second)
	if s.Prefix() != "/0123456789abcdef/" {
		t.Errorf("served below %s", s.Prefix())
	}
}

// Package private serves pages to whoever knows a token: the stored runs (package serve), a
// run under way (package live) and a watched host (package lab/diagnose/page) are opened here.
//
// The token is the first part of every path, so that the address that is printed is all that
// a browser needs. A program that cannot have it there, as where the path stands in a
// configuration that is shared, sends it as "Authorization: Bearer TOKEN" and leaves it out
// of the path (RFC 6750). Whoever knows neither gets 404, whatever they ask for.
package private

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Allow holds an answer to a Content-Security-Policy: it loads and runs nothing but what the
// directives say, sends no form, unless they say so, and nobody frames it. Without it an
// answer may do nothing of that.
func Allow(w http.ResponseWriter, directives ...string) {
	policy := "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
	if !slices.ContainsFunc(directives, func(d string) bool { return strings.HasPrefix(d, "form-action ") }) {
		directives = append([]string{"form-action 'none'"}, directives...)
	}
	w.Header().Set("Content-Security-Policy", strings.Join(append([]string{policy}, directives...), "; "))
}

// Server is an address behind a token.
type Server struct {
	l     net.Listener
	token string
	http  *http.Server
}

// Listen takes an address, "127.0.0.1:0" for any free port of this machine alone, and a
// token that Token has read; "": one that nobody can guess is made.
func Listen(address, token string) (*Server, error) {
	if token == "" {
		token = rand.Text()
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &Server{l: l, token: token, http: &http.Server{
		// A client that never reads on holds no more than its connection.
		ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // what clients do wrong is theirs to see
	}}, nil
}

// tokens is what a token may be: it stands in a path, and nobody should try them all.
var tokens = regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`)

// Token reads a token from a file, for programs that are to be let in again and again.
func Token(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if !tokens.MatchString(token) { // which is not repeated: it is a secret
		return "", fmt.Errorf("%s: a token is expected, 16 to 128 letters, digits, - and _", file)
	}
	return token, nil
}

// Prefix is what every path begins with. It ends with a slash.
func (s *Server) Prefix() string { return "/" + s.token + "/" }

// URL is where the first page is. Its token lets in those who were told it.
func (s *Server) URL() string { return "http://" + s.l.Addr().String() + s.Prefix() }

// Serve answers until the end with a handler of paths below Prefix.
func (s *Server) Serve(h http.Handler) error {
	s.http.Handler = s.guarded(h)
	if err := s.http.Serve(s.l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// End answers what was asked, for so long at most, and takes no more.
func (s *Server) End(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		return s.http.Close()
	}
	s.l.Close() // where it was never served
	return nil
}

func (s *Server) guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Cache-Control", "no-store")
		head.Set("Referrer-Policy", "no-referrer") // the token is in the URL
		head.Set("X-Content-Type-Options", "nosniff")
		Allow(w)
		if !s.admits(r) {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// admits says whether the request has the token, and puts one of the header into the path.
func (s *Server) admits(r *http.Request) bool {
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found && s.is(bearer) {
		r.URL.Path, r.URL.RawPath = s.Prefix()+strings.TrimPrefix(r.URL.Path, "/"), ""
		return true
	}
	first, _, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return found && s.is(first)
}

func (s *Server) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

package live

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lab99/lab99/results/openmetrics"
	"github.com/lab99/lab99/results/private"
	"github.com/lab99/lab99/results/strip"
)

//go:embed page.html
var skeleton string

//go:embed page.css
var style string

//go:embed page.js
var common string

// Look is how the reports look, so that this page looks alike, and which script they may run.
type Look struct {
	Style  string
	Script string // its hash, as a Content-Security-Policy has it
}

// Page is what a page says before the first event, and the script that shows events.
type Page struct {
	Title, About string // HTML
	Footer       string
	Script       string // on.KIND = function (message) {…}, beside page.js
}

// Source is what a server shows.
type Source struct {
	Page   Page
	Look   Look
	Events *Events
	// Report takes the page's place as soon as it is not nil; the page loads itself anew then.
	Report func() []byte
	// Metrics answers scrapes at "metrics", in OpenMetrics; nil: there are none.
	Metrics func() []byte
}

// Server serves one source to browsers.
type Server struct {
	source  Source
	private *private.Server
	page    string // before the report
	script  string // its hash

	mu      sync.Mutex
	fetched sync.Cond
	served  int // how often the report was
}

// Listen serves a source at an address, "127.0.0.1:0" for any free port, behind a token; "":
// one is made. Whoever has the URL may look; nothing can be changed by it.
func Listen(address, token string, s Source) (*Server, error) {
	p, err := private.Listen(address, token)
	if err != nil {
		return nil, err
	}
	script := strip.Script + common + s.Page.Script + "\nlisten();\n"
	v := &Server{source: s, private: p}
	v.fetched.L = &v.mu
	v.page = strings.NewReplacer("{title}", s.Page.Title, "{about}", s.Page.About, "{footer}", s.Page.Footer,
		"{style}", s.Look.Style+style, "{script}", script).Replace(skeleton)
	v.script = strip.Hash(script)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+p.Prefix()+"{$}", v.servePage)
	mux.Handle("GET "+p.Prefix()+"events", s.Events)
	if s.Metrics != nil {
		mux.HandleFunc("GET "+p.Prefix()+"metrics", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", openmetrics.ContentType)
			w.Write(s.Metrics())
		})
	}
	go p.Serve(mux)
	return v, nil
}

// URL is where the page is. Its token lets in those who were told it.
func (v *Server) URL() string { return v.private.URL() }

func (v *Server) report() []byte {
	if v.source.Report == nil {
		return nil
	}
	return v.source.Report()
}

func (v *Server) servePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if report := v.report(); report != nil {
		private.Allow(w, "script-src '"+v.source.Look.Script+"'")
		w.Write(report) // a reader that is gone needs none
		v.mu.Lock()
		defer v.mu.Unlock()
		v.served++
		v.fetched.Broadcast()
		return
	}
	private.Allow(w, "connect-src 'self'", "script-src '"+v.script+"'")
	fmt.Fprint(w, v.page)
}

// Close ends the service. Pages that are open get the time to take the report first.
func (v *Server) Close(ctx context.Context, within time.Duration) error {
	v.awaitPages(ctx, within)
	return v.private.End(ctx, time.Second) // what is being written
}

// awaitPages waits until as many have taken the report as read the events now.
func (v *Server) awaitPages(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	defer context.AfterFunc(ctx, v.wake)()
	if v.report() == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for open := v.source.Events.Readers(); v.served < open && ctx.Err() == nil; {
		v.fetched.Wait()
	}
}

// wake has awaitPages look again.
func (v *Server) wake() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fetched.Broadcast()
}

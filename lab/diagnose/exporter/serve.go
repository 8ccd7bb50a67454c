package exporter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/results/monitoring"
	"github.com/lab99/lab99/results/openmetrics"
)

// How long things may take. A look at a host of many namespaces takes a second or two,
// and Prometheus waits for 10 s.
const (
	lookWithin   = 30 * time.Second
	askWithin    = 5 * time.Second
	answerWithin = lookWithin + 10*time.Second
	idleFor      = 2 * time.Minute
	endWithin    = 5 * time.Second
)

// Serve answers until ctx ends, and then those who have asked.
func (e *Exporter) Serve(ctx context.Context, l net.Listener) error {
	s := &http.Server{
		Handler: e.handler(), ReadHeaderTimeout: askWithin, ReadTimeout: askWithin, WriteTimeout: answerWithin,
		IdleTimeout: idleFor, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0), // what clients do wrong is theirs to see
	}
	settle()
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve metrics: %w", err)
	case <-ctx.Done():
	}
	polite, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	if err := s.Shutdown(polite); errors.Is(err, context.DeadlineExceeded) {
		s.Close()
	}
	<-ended
	return nil
}

// handler has /metrics, and what goes into Prometheus and Grafana.
func (e *Exporter) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		// Whoever hangs up does not spoil the look for others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), lookWithin)
		defer cancel()
		l, made := e.recent(ctx)
		if l.err != nil { // Prometheus shows the status, and up becomes 0
			http.Error(w, format.Clean(l.err.Error()), http.StatusServiceUnavailable)
			return
		}
		answer(w, openmetrics.ContentType, e.metrics(l, made))
	})
	index := "lab99 diagnose\n\n/metrics\n"
	for _, f := range monitoring.OfDiagnose() {
		index += "/" + f.Name + "\n"
		mux.HandleFunc("GET /"+f.Name, func(w http.ResponseWriter, _ *http.Request) { answer(w, plain, f.Text) })
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { answer(w, plain, []byte(index)) })
	return mux
}

const plain = "text/plain; charset=utf-8"

func answer(w http.ResponseWriter, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(text)
}

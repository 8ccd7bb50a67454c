package main

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/backend"
	"github.com/lab99/lab99/loadgen"
)

// TestLoadHolds opens connections to the lab's own backends, and says what became of them.
func TestLoadHolds(t *testing.T) {
	serve := func(scheme string, serve func(context.Context, ...net.Listener) error) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go serve(t.Context(), l)
		return scheme + "://" + l.Addr().String() + "/"
	}
	lines := strings.TrimSuffix(serve("tcp", new(backend.Held).ServeLines), "/")
	for name, args := range map[string][]string{
		"stream":    {"--closes", "server", lines},
		"websocket": {"--hold-times", "exponential", serve("ws", new(backend.Held).ServeWebsockets)},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"load", "--json", "--rate", "50", "--duration", "400ms", "--hold", "200ms"}, args...)
			out, err := lab99(args...).Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if err := schematest.Load(t, out); err != nil {
				t.Fatalf("the output does not fit its schema: %v\n%s", err, out)
			}
			var d struct {
				loadgen.Report
				Held *loadgen.Held `json:"held"`
			}
			if err := json.Unmarshal(out, &d); err != nil {
				t.Fatal(err)
			}
			if h := d.Held; h == nil || d.OK != 20 || h.InTime != 20 || h.Peak < 2 || d.AchievedPerS < 40 {
				t.Errorf("held %+v, %d ok, %.1f/s", h, d.OK, d.AchievedPerS)
			}
		})
	}
	out, err := lab99("load", "--rate", "50", "--duration", "200ms", "--hold", "100ms", lines).Output()
	for _, want := range []string{"connections held each for 100ms, closed by the client", "Openings  10 scheduled",
		"Held      10 in time"} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, want %q in\n%s", err, want, out)
		}
	}
	out, _ = lab99("load", "--rate", "50", "--duration", "100ms", "--hold", "100ms", "tcp://127.0.0.1:1").Output()
	if want := "Nothing answered at 127.0.0.1:1: connect: connection refused."; !strings.Contains(string(out), want) {
		t.Errorf("want %q in\n%s", want, out)
	}
}

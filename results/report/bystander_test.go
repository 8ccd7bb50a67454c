package report

import (
	"testing"

	"github.com/lab99/lab99/results"
)

func TestBystandersInASentence(t *testing.T) {
	at := func(s float64) *float64 { return &s }
	v := variant{View: results.View{Variant: results.Variant{Bystander: &results.BystanderTries{
		Backend:   results.Tries{Tried: 80, Failed: 58, FirstFailureS: at(2.04), Errno: "EADDRNOTAVAIL"},
		Elsewhere: results.Tries{Tried: 80},
		Bind:      results.Tries{Tried: 80, Failed: 57, FirstFailureS: at(2.1), Errno: "EADDRINUSE"},
	}}}}
	const want = "Of another program’s connections on nginx’s host, 58 of 80 (EADDRNOTAVAIL, " +
		"from 2.04 s on) to the same backend failed, 0 of 80 to elsewhere, 57 of 80 (EADDRINUSE, " +
		"from 2.10 s on) to elsewhere after binding a port first."
	if got := v.Bystanders(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (variant{}).Bystanders(); got != "" {
		t.Errorf("without one: %q", got)
	}
}

package diagnose

import (
	"encoding/json"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/golden"
	"github.com/lab99/lab99/internal/needs"
)

// TestRecord writes testdata/recorded.json anew with -update: a load in a namespace of
// its own, seen at half of its ports.
func TestRecord(t *testing.T) {
	if !golden.Updating() {
		t.Skip("only -update records a snapshot")
	}
	needs.Root(t)
	l := load{
		Low:       20000,
		High:      20199,
		Addresses: []string{"10.1.0.1/32", "10.1.0.2/32"},
		Sources:   []string{"10.1.0.1"},
		To:        []target{{To: "10.1.0.2:80"}},
		PerS:      50,
		HoldS:     0.1,
		ForS:      10,
		AtTaken:   []int{100},
		Sysctls:   map[string]string{"net.ipv4.tcp_tw_reuse": "0"},
	}
	child := l.start(t)
	<-child.told
	s, err := Look(t.Context(), Target{PID: child.cmd.Process.Pid, Name: "container web-1"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	filetest.Write(t, "testdata/recorded.json", b)
}

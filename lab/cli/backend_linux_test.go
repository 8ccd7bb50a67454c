package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/lab/backend"
)

// TestABackendHasItsNameBeforeItListens: the lab looks for the process as soon as it is
// reached, and ended with exit code 70 where the name came a moment later.
func TestABackendHasItsNameBeforeItListens(t *testing.T) {
	const comm = "/proc/self/comm"
	name := func() string { return strings.TrimSpace(string(filetest.Read(t, comm))) }
	was := name()
	t.Cleanup(func() {
		if err := os.WriteFile(comm, []byte(was), 0); err != nil {
			t.Error(err)
		}
	})
	if err := serveBackend(t.Context(), nil, "192.0.2.1:80", ""); err == nil { // an address of nobody's (RFC 5737)
		t.Fatal("it listens at an address that is not this machine's")
	}
	if got := name(); got != backend.ProcessName {
		t.Errorf("called %q before it listens, want %q", got, backend.ProcessName)
	}
}

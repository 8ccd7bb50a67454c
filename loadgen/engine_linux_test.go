package loadgen

import (
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const engineEnv = "LOADGEN_ENGINE"

func init() {
	if os.Getenv(engineEnv) == "portable" {
		theEngine = netEngine
	}
}

// TestThePortableEngineConforms holds it to the replies that the other is held to. All other
// tests of the package with it are a soak test.
func TestThePortableEngineConforms(t *testing.T) {
	withPortableEngine(t, "-test.run", "^TestConformance$")
}

// withPortableEngine runs tests of this package once more, with the portable engine under them.
func withPortableEngine(t *testing.T, which ...string) {
	if os.Getenv(engineEnv) != "" {
		t.Skip("this is that run")
	}
	cmd := exec.Command(os.Args[0], append(which, "-test.short", "-test.v")...)
	cmd.Env = append(os.Environ(), engineEnv+"=portable")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestConformance ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestThePortableEngineRefusesWhatItCannotDo: by its name.
func TestThePortableEngineRefusesWhatItCannotDo(t *testing.T) {
	for want, c := range map[string]Config{
		"CPUs [0]: event loops can be pinned on Linux only":    {CPUs: []int{0}},
		"mode spin: an event loop can poll on Linux only":      {Mode: Spin},
		"source address 192.0.2.1: this host does not have it": {Sources: []netip.Addr{netip.MustParseAddr("192.0.2.1")}},
	} {
		if err := netEngine.check(&plan{Config: c}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// BenchmarkPortableRequest is BenchmarkRequest of the portable engine, which
// may allocate.
func BenchmarkPortableRequest(b *testing.B) {
	before := theEngine
	b.Cleanup(func() { theEngine = before })
	theEngine = netEngine
	BenchmarkRequest(b)
}

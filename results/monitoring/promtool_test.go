package monitoring

import (
	"os/exec"
	"testing"
)

// promtool runs Prometheus's own tool, or skips where there is none.
func promtool(t *testing.T) func(args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool on the PATH: the package prometheus has it")
	}
	return func(args ...string) (string, error) {
		out, err := exec.Command(path, args...).CombinedOutput()
		return string(out), err
	}
}

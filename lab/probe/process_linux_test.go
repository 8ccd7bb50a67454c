package probe

import (
	"os/exec"
	"testing"
)

// TestAProcessMayEndMeanwhile: what was asked for its version has the server's name for a
// moment, and no limit any more when that is read.
func TestAProcessMayEndMeanwhile(t *testing.T) {
	namespace(t)
	var asleep [2]*exec.Cmd
	for i := range asleep {
		asleep[i] = exec.Command("sleep", "60")
		if err := asleep[i].Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = asleep[i].Process.Kill(); _ = asleep[i].Wait() })
	}
	p, err := NewProcesses("sleep")
	if err != nil {
		t.Fatal(err)
	}
	if u, err := p.Poll(); err != nil || len(u.PIDs) != 2 {
		t.Fatalf("%+v, %v", u, err)
	}
	end := func(c *exec.Cmd) {
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	end(asleep[0])
	if n, err := p.NoFile(); err != nil || n == 0 {
		t.Errorf("one of the two is there: %d, %v", n, err)
	}
	end(asleep[1])
	if n, err := p.NoFile(); err == nil {
		t.Errorf("%d of nobody", n)
	}
}

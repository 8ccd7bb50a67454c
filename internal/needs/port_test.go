package needs

import "testing"

// TestPortsOfTwoProcesses: one that counts from the same number, as those do whose numbers
// are 146 apart, gets another port while the test lasts.
func TestPortsOfTwoProcesses(t *testing.T) {
	before := taken.Load()
	first := Port(t)
	taken.Store(before) // as the other process counts
	if again := Port(t); again == first {
		t.Errorf("port %d was given to both", first)
	}
}

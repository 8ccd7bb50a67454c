package main

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/internal/schematest"
	"github.com/lab99/lab99/lab/doctor"
)

// TestDoctorOfAMachineThatIsWell: where the engine answers, as for all tests
// here, and namespaces can be made, no check of the two fails.
func TestDoctorOfAMachineThatIsWell(t *testing.T) {
	needs.Docker(t)
	needs.Root(t)
	path := binaryOf(t)
	out, err := exec.Command(path, "doctor", "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := schematest.Doctor(t, out); err != nil {
		t.Error(err)
	}
	var r doctor.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if r.Driver != "docker" {
		t.Errorf("driver %q", r.Driver)
	}
	for _, c := range r.Checks {
		if c.Status == doctor.Fail || (c.Status == doctor.Warn && (c.Name == "driver docker" || c.Name == "driver netns")) {
			t.Errorf("%s: %s: %s", c.Name, c.Status, c.Found)
		}
	}
}

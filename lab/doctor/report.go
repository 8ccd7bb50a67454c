package doctor

import (
	"fmt"
	"io"

	"github.com/lab99/lab99/lab/ability"
)

// Schema is the version of Report as JSON.
const Schema = "lab99/doctor/v1"

// The statuses of a check.
const (
	OK   = "ok"
	Warn = "warn" // a lab runs, but not every one, or not as well
	Fail = "fail" // this stands in the way
)

// Report is what the doctor says.
type Report struct {
	Schema string  `json:"schema"`
	Tool   string  `json:"tool"`   // version of lab99
	Driver string  `json:"driver"` // what a run would take; "" if none can run
	Checks []Check `json:"checks"`
	// Abilities are those of the kernel that the hosts would run on.
	Kernel    string        `json:"kernel"`
	Abilities ability.Found `json:"abilities"`
}

// Check is one line of it.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"` // what would help, when the status is not ok
}

// Judge makes a report of facts. It does no input or output.
func Judge(f Findings) Report {
	r := Report{Schema: Schema, Kernel: f.machine().Kernel, Abilities: f.Abilities}
	if d := f.chosen(); d != nil {
		r.Driver = d.Name
	}
	for _, d := range f.Drivers {
		r.Checks = append(r.Checks, judgeDriver(d, f))
	}
	r.Checks = append(r.Checks, judgePrivileges(f.Privileges), judgeDescriptors(f.Here.NoFile), judgeSubnets(f))
	for _, img := range f.Images {
		r.Checks = append(r.Checks, judgeImage(img, f))
	}
	r.Checks = append(r.Checks, judgeKernel(f), judgeSockDiag(f), judgeReuseDelay(f), judgeUserNamespaces(f.Namespaces),
		judgeConntrack(f), judgeCPUs(f), judgeMemory(f), judgeDisk(f.Disk))
	return r
}

// Write writes the report for people: one screen.
func (r Report) Write(w io.Writer) error {
	verdict := "a run would use the driver " + r.Driver
	if r.Driver == "" {
		verdict = "no driver can run here"
	}
	_, err := fmt.Fprintf(w, "lab99 %s: %s\n\n", r.Tool, verdict)
	for _, c := range r.Checks {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-4s  %-16s  %s\n", c.Status, c.Name, c.Found)
		}
		if err == nil && c.Remedy != "" {
			_, err = fmt.Fprintf(w, "%24s%s\n", "→ ", c.Remedy)
		}
	}
	if err != nil {
		return err
	}
	return writeAbilities(w, r.Kernel, r.Abilities)
}

package cli

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/lab99/lab99/results/report"
)

// reportBehind writes a report in a process of the lowest priority, so that the
// labs that are under load get the processors first. A priority is a thread's on
// Linux and cannot be given to goroutines. Without nice(1) the report is written
// here.
func reportBehind(dir string) error {
	nice, noNice := exec.LookPath("nice")
	self, err := os.Executable()
	if noNice != nil || err != nil {
		return report.Write(dir)
	}
	cmd := exec.Command(nice, "-n", "19", self, "report", dir)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GITHUB_STEP_SUMMARY=") // that is for the run's own command
	})
	var complaint strings.Builder
	cmd.Stderr = &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the report could not be written: %w: %s", err, strings.TrimSpace(complaint.String()))
	}
	return nil
}

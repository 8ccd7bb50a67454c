package driver

import (
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func TestOwnerLives(t *testing.T) {
	own := Owner()
	part := strings.Split(own, "/")
	ended := exec.Command("go", "version")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		owner        string
		alive, known bool
	}{
		"this process":              {own, true, true},
		"one that ended":            {part[0] + "/" + strconv.Itoa(ended.Process.Pid) + "/1", false, true},
		"one of another machine":    {"elsewhere/" + part[1] + "/" + part[2], false, false},
		"nobody":                    {"", false, false},
		"something else":            {part[0] + "/me", false, false},
		"an earlier one of that ID": {part[0] + "/" + part[1] + "/1", runtime.GOOS != "linux", true},
	} {
		if alive, known := OwnerLives(tc.owner); alive != tc.alive || known != tc.known {
			t.Errorf("%s: alive %v, known %v; want %v, %v", name, alive, known, tc.alive, tc.known)
		}
	}
}

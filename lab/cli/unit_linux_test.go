package cli

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// unitFile is the systemd unit of diagnose --listen.
const unitFile = "../diagnose/exporter/systemd/lab99-diagnose.service"

// unit reads the settings of a unit, systemd.syntax(7): each may stand several times.
func unit(t *testing.T) (settings map[string][]string) {
	t.Helper()
	text := filetest.Read(t, unitFile)
	settings = map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			settings[name] = append(settings[name], value)
		}
	}
	return settings
}

// TestTheUnitStartsWhatThereIs: its command line is one, for loopback alone.
func TestTheUnitStartsWhatThereIs(t *testing.T) {
	words := strings.Fields(unit(t)["ExecStart"][0])
	cmd, args, err := Command().Find(words[1:])
	if err != nil || cmd.Name() != "diagnose" || filepath.Base(words[0]) != "lab99" {
		t.Fatalf("%q starts %v: %v", words, cmd, err)
	}
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	if a, err := listenOn("listen", cmd.Flag("listen").Value.String()); err != nil || !a.Addr().IsLoopback() {
		t.Errorf("it listens on %v, %v; want loopback", a, err)
	}
}

// TestSystemdTakesTheUnit, and calls its exposure low.
func TestSystemdTakesTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil { // no lab needs it
		t.Skip("systemd-analyze is not on the PATH")
	}
	text := filetest.Read(t, unitFile)
	there := strings.Replace(string(text), "/usr/local/bin/lab99", "/bin/sh", 1) // verify wants a program that is there
	path := filepath.Join(t.TempDir(), filepath.Base(unitFile))
	filetest.Write(t, path, there)
	if out, err := exec.Command(analyze, "verify", path).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("verify: %v: %s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=25", path).CombinedOutput(); err != nil {
		t.Errorf("security: %v: %s", err, out)
	}
}

// TestTheUnitHasTheRightsItSays: what is given is what it may ever have, and nothing that
// would hide what it is to see.
func TestTheUnitHasTheRightsItSays(t *testing.T) {
	u := unit(t)
	rights := strings.Fields(u["AmbientCapabilities"][0])
	if !slices.Equal(rights, strings.Fields(u["CapabilityBoundingSet"][0])) || len(rights) != 2 {
		t.Errorf("ambient %v, bounding set %v", rights, u["CapabilityBoundingSet"])
	}
	for _, blind := range []string{"PrivateUsers", "PrivateNetwork", "ProtectProc", "ProcSubset", "PrivatePIDs"} {
		if u[blind] != nil {
			t.Errorf("%s=%v: it would see nothing", blind, u[blind])
		}
	}
	for name, want := range map[string]string{
		"NoNewPrivileges":    "yes",
		"DynamicUser":        "yes",
		"ProtectSystem":      "strict",
		"RestrictNamespaces": "net",
	} {
		if got := u[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s=%v, want %s", name, got, want)
		}
	}
}

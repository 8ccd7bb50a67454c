// Package needs lets an integration test say what it cannot do without.
//
// A machine that lacks it skips the test and says why, and so does go test
// -short, which is for unit tests only. Where the machine is
// meant to have it, LAB99_REQUIRE=docker,podman,netns,uml,kubernetes turns the skip into a failure,
// so that CI cannot go green by skipping.
package needs

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"context"
)

// Docker skips unless a Docker engine answers.
func Docker(t testing.TB) {
	t.Helper()
	unitOnly(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput()
	if err != nil {
		lack(t, "docker", "no Docker engine answers: "+strings.TrimSpace(string(out)))
	}
}

// Podman skips unless the test may start a Podman of its own, which package podmantest
// does. The Docker client asks it.
func Podman(t testing.TB) {
	t.Helper()
	unitOnly(t)
	if os.Geteuid() != 0 {
		lack(t, "podman", "not root, whose namespaces are cut off from the machine's")
	}
	for _, name := range []string{"podman", "docker"} {
		Program(t, "podman", name)
	}
}

// Root skips unless the test may make network namespaces.
func Root(t testing.TB) {
	t.Helper()
	unitOnly(t)
	if os.Geteuid() != 0 {
		lack(t, "netns", "not root")
	}
}

// Program skips unless a program is on the PATH. It counts as part of what,
// "docker", "podman" or "netns".
func Program(t testing.TB, what, name string) {
	t.Helper()
	unitOnly(t)
	if _, err := exec.LookPath(name); err != nil {
		lack(t, what, name+" is not on the PATH")
	}
}

// Had skips where what a test cannot do without was not had, and says why.
func Had(t testing.TB, what string, err error) {
	t.Helper()
	unitOnly(t)
	if err != nil {
		lack(t, what, err.Error())
	}
}

// unitOnly skips under -short, whatever LAB99_REQUIRE asks for.
func unitOnly(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves integration tests out")
	}
}

func lack(t testing.TB, what, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("LAB99_REQUIRE"), ","), what) {
		t.Fatalf("LAB99_REQUIRE asks for %s, but %s", what, why)
	}
	t.Skip(why)
}

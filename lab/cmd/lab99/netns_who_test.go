package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/image/distro"
	"github.com/lab99/lab99/results"
)

// asNobody has the program run by a user without rights and without an engine, in a home of
// its own with a copy of files.
func asNobody(t *testing.T, files string) (start func(args ...string) *invocation) {
	t.Helper()
	needs.Root(t) // to become somebody else
	path := binaryOf(t)
	const user = 65534
	home := t.TempDir()
	own := filepath.Join(home, "lab99") // a file of its own, by which its processes can be told apart
	program, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(own, program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(home), 0o755); err != nil {
		t.Fatal(err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	// What earlier runs unpacked need not be fetched again.
	roots := filepath.Join("lab99", "roots")
	if _, err := os.Stat(filepath.Join(cache, roots)); err == nil {
		if err := os.CopyFS(filepath.Join(home, ".cache", roots), os.DirFS(filepath.Join(cache, roots))); err != nil {
			t.Fatal("copy what is unpacked: ", err)
		}
	}
	if err := os.CopyFS(filepath.Join(home, filepath.Base(files)), os.DirFS(files)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("chown", "-R", strconv.Itoa(user)+":"+strconv.Itoa(user), home).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return func(args ...string) *invocation {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
		i := &invocation{driver: "netns", path: own, out: filepath.Join(home, "runs")}
		i.cmd = exec.CommandContext(ctx, own, append(args, "--out", "runs")...)
		i.cmd.Dir = home
		i.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "DOCKER_HOST=unix:///nowhere/no-engine.sock"}
		i.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
		i.cmd.Stdout, i.cmd.Stderr = &i.stdout, &i.stderr
		i.start(t, own, cancel)
		return i
	}
}

// TestOrdinaryUserReproduces: no root, no engine. Which driver it is and why
// is said.
func TestOrdinaryUserReproduces(t *testing.T) {
	share(t, "netns", tinyLab)
	start := asNobody(t, "testdata")
	i := start("run", tiny)
	if code := exitStatus(i.cmd.Wait()); code == "2" {
		t.Logf("disturbed, and so made once more:\n%s", i.stdout.String())
		i = start("run", tiny)
		i.wait(t, "0")
	} else if code != "0" {
		t.Fatalf("exit code %s", code)
	}
	i.nothingLeft(t)
	if !strings.Contains(i.stderr.String(), "Driver: netns, because no container engine answers") {
		t.Error("it does not say which driver it is and why")
	}
	r, err := results.Open(i.dir(t))
	if err != nil {
		t.Fatal(err)
	}
	exhausted(t, r.Summary.Variants[0], 100, 1)
	if !strings.Contains(r.Env.DriverWhy, "no container engine answers") {
		t.Errorf("env.json says %q", r.Env.DriverWhy)
	}
}

// TestForbiddenNamespaces: the error names the switch and the way out. The
// limit is that of a user namespace of the test's own.
func TestForbiddenNamespaces(t *testing.T) {
	needs.Root(t)
	path := binaryOf(t)
	cmd := exec.Command("unshare", "--user", "--map-root-user", "sh", "-c",
		`echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"`,
		path, "run", tiny, "--driver", "netns", "--out", t.TempDir())
	out, err := cmd.CombinedOutput()
	if got := exitStatus(err); got != "3" || !strings.Contains(string(out), "sysctl -w user.max_user_namespaces=") {
		t.Errorf("exit code %s: %s", got, out)
	}
}

// TestRegistryImagesNeedAnEngine: another source than the one asked for would
// be a substitution, which --images registry forbids.
func TestRegistryImagesNeedAnEngine(t *testing.T) {
	share(t, "netns", tinyLab)
	i := startOn(t, "netns", "run", tiny, "--images", "registry")
	i.wait(t, "3")
	if got := i.stderr.String(); !strings.Contains(got, "the driver netns runs no images") ||
		!strings.Contains(got, "--driver docker") {
		t.Errorf("no next step: %s", got)
	}
}

// TestInstalledServers: a machine that has nginx and Apache and no packages to
// take them from. It is this one, seen from a mount namespace in which its
// /usr has the files of the packages and no apt-get.
func TestInstalledServers(t *testing.T) {
	share(t, "netns", tinyLab)
	needs.Root(t)
	needs.Program(t, "netns", "apt-get")
	path := binaryOf(t)
	for _, role := range []image.Role{"nginx", "httpd"} {
		if _, _, err := image.Unpack(t.Context(), role, string(role), image.Auto, func(s string) { t.Log(s) }); err != nil {
			t.Fatal(err)
		}
	}
	suite, err := distro.HostSuite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cache, err := image.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	packages, err := filepath.Glob(filepath.Join(cache, suite+"-*", "packages", "*.deb"))
	if err != nil || len(packages) == 0 {
		t.Fatalf("the packages of what is unpacked are gone from %s: remove the roots beside it too", cache)
	}
	out := filepath.Join(t.TempDir(), "runs")
	const script = `
		over=$1 packages=$2; shift 2
		mount -t tmpfs tmpfs "$over" && mkdir "$over/new" "$over/work"
		mount -t overlay overlay -o "lowerdir=/usr,upperdir=$over/new,workdir=$over/work" /usr
		for p in $packages; do dpkg-deb --fsys-tarfile "$p" | tar -x -C / --wildcards './usr/*' 2>/dev/null || true; done
		rm /usr/bin/apt-get
		exec "$@"`
	cmd := exec.Command("unshare", "--mount", "sh", "-ec", script, "sh", t.TempDir(), strings.Join(packages, " "), path,
		"run", tiny, "--driver", "netns", "--out", out)
	text, err := cmd.CombinedOutput()
	if got := exitStatus(err); got != "0" {
		t.Fatalf("exit code %s:\n%s", got, text)
	}
	r, err := results.Open(filepath.Join(out, "latest"))
	if err != nil {
		t.Fatal(err)
	}
	exhausted(t, r.Summary.Variants[0], 100, 1)
	for _, img := range r.Env.Images {
		if img.Source != "installed" || !strings.HasPrefix(img.Used, "/usr/sbin/") || img.Version == "" {
			t.Errorf("%+v, want what is installed", img)
		}
	}
	if !strings.Contains(string(text), "that is installed here as /usr/sbin/nginx") {
		t.Errorf("it does not say what it took:\n%s", text)
	}
}

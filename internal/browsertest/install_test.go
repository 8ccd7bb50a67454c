package browsertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestFromPackageToError99: a package is unpacked and its program run, two commands, and error
// 99 is in the browser within 30 s, its start included. What the lab is made of is there, from
// a run before.
func TestFromPackageToError99(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a lab without an engine wants root")
	}
	debs, err := filepath.Glob("../../dist/lab99_*_" + runtime.GOARCH + ".deb")
	if err != nil || len(debs) != 1 {
		t.Skipf("%d packages in dist; `make package` makes one", len(debs))
	}
	dir := t.TempDir()
	installed := filepath.Join(dir, "usr", "bin", "lab99")
	unpack := func() {
		if out, err := exec.Command("dpkg-deb", "-x", debs[0], dir).CombinedOutput(); err != nil {
			t.Skipf("dpkg-deb: %v: %s", err, out)
		}
	}
	unpack()
	before := exec.Command(installed, "run", "lab/cmd/lab99/testdata/tiny.yaml", "--out", filepath.Join(dir, "before"))
	before.Dir = "../.."
	if out, err := before.CombinedOutput(); err != nil {
		t.Logf("the run before: %v\n%s", err, out) // invalid on a busy machine; what it is made of is there now
	}
	if err := os.RemoveAll(filepath.Join(dir, "usr")); err != nil {
		t.Fatal(err)
	}

	began := time.Now()
	unpack()
	url, _ := started(t, installed, "reproduce", "--size", "quick", "--live", "--out", filepath.Join(dir, "runs"))
	said := time.Since(began)
	ctx := browser(t)
	visit(t, ctx, url)
	until(t, ctx, `document.querySelector(".s-quote") && /\(99: /.test(document.querySelector(".s-quote").textContent)`)
	took := time.Since(began)
	t.Logf("the address was there after %.1f s, error 99 in the browser after %.1f s", said.Seconds(), took.Seconds())
	if took > 30*time.Second {
		t.Errorf("error 99 was in the browser after %v, want at most 30 s", took)
	}
}

package image

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"

	"github.com/lab99/lab99/lab/image/recipe"
)

// TestWriteTreeHeedsNoUmask: the servers may run as another user than the one
// who unpacked their files.
func TestWriteTreeHeedsNoUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := filepath.Join(t.TempDir(), "name.new", "root")
	err := writeTree(dir, map[string]entry{
		"usr/sbin/nginx": {mode: 0o755, data: []byte("program")},
		"etc/passwd":     text("root:x:0:0::/:\n"),
		"tmp":            {mode: fs.ModeDir | fs.ModeSticky | 0o777},
		"var/run":        symlink("/run"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"": fs.ModeDir | 0o755, "usr": fs.ModeDir | 0o755, "usr/sbin/nginx": 0o755, "etc/passwd": 0o644,
		"tmp": fs.ModeDir | fs.ModeSticky | 0o777, "var/run": fs.ModeSymlink | 0o777,
	} {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != want {
			t.Errorf("%q: %v, want %v", name, info.Mode(), want)
		}
	}
}

func TestTreeThatFailsLeavesNothing(t *testing.T) {
	cache := t.TempDir()
	broken := map[string]entry{"a": text("a file"), "a/b": text("below a file")}
	if err := putTree(filepath.Join(cache, "tree"), broken, nil); err == nil {
		t.Fatal("a file was made below a file")
	}
	if left, _ := os.ReadDir(cache); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

// TestUnpackOnceThenFind unpacks for real, past what a killed run left.
func TestUnpackOnceThenFind(t *testing.T) {
	needs.Program(t, "netns", "apt-get")
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	own := t.TempDir()
	// Package lists and packages are shared with other runs; the trees are not.
	if err := os.MkdirAll(filepath.Join(cache, "lab99", "apt"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(own, "lab99"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(cache, "lab99", "apt"), filepath.Join(own, "lab99", "apt")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", own)
	if _, _, ok, err := FindUnpacked(t.Context(), nginxRole, "nginx:1.30", Auto); ok || err != nil {
		t.Fatalf("found in an empty cache: %v, %v", ok, err)
	}
	r, err := recipe.ParseRef("nginx:1.30")
	if err != nil {
		t.Fatal(err)
	}
	dir, _, err := treeDir(t.Context(), nginxRole, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir+".new", treeRoot, "half"), 0o755); err != nil {
		t.Fatal(err)
	}
	img, root, err := Unpack(t.Context(), nginxRole, "nginx:1.30", Auto, func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(root, img.Program)); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("no program: %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, "half")); err == nil {
		t.Error("what a killed run left is among the files")
	}
	if img.Version == "" || img.Source != Assembled || !strings.HasPrefix(img.ID, "sha256:") ||
		!strings.Contains(img.Note, "asked for nginx:1.30") {
		t.Errorf("%+v", img)
	}
	again, at, ok, err := FindUnpacked(t.Context(), nginxRole, "nginx:1.30", Auto)
	if err != nil || !ok || at != root || again != img {
		t.Errorf("found %+v in %s, %v, %v; want %+v in %s", again, at, ok, err, img, root)
	}
}

// TestOthersImagesAreNotSubstituted holds without an engine too.
func TestOthersImagesAreNotSubstituted(t *testing.T) {
	_, _, err := Unpack(t.Context(), nginxRole, "mycompany/proxy:7", Auto, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "is not the stock nginx image") ||
		!strings.Contains(err.Error(), "--driver docker") {
		t.Error(err)
	}
}

// TestTreesOfOtherSuitesAreSeen: a system without packages of its own, such as a
// guest, may have been given trees.
func TestTreesOfOtherSuitesAreSeen(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	rec, err := recipe.For(string(nginxRole))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"nginx-bookworm-" + hashOf(rec, "bookworm", runtime.GOARCH),
		"nginx-sid-" + hashOf(rec, "bookworm", runtime.GOARCH), // of another recipe
	} {
		filetest.Write(t, filepath.Join(cache, "lab99", "roots", name, treeInfo), "{}")
	}
	if got := unpackedSuites(nginxRole); len(got) != 1 || got[0] != "bookworm" {
		t.Errorf("found trees of %q, want bookworm's", got)
	}
}

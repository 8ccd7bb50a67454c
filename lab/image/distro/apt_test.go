package distro

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

func TestPrivateConfigKeepsTheWayToTheArchiveAndNoMore(t *testing.T) {
	const host = `Acquire::http::Proxy "http://proxy.example:3128";
Acquire::AllowInsecureRepositories "true";
Acquire::IndexTargets::deb::DEP-11::MetaKey "x";
APT::Update::Post-Invoke:: "rm -f /var/cache/apt/archives/*.deb";
DPkg::Post-Invoke:: "rm -f /var/cache/apt/*.bin";
APT::Get::AllowUnauthenticated "true";
Dir::State "var/lib/apt";
`
	conf := privateConfig(host, "/state", "arm64")
	for _, want := range []string{`Acquire::http::Proxy "http://proxy.example:3128";`,
		`Dir::State::status "/state/status";`, `APT::Architecture "arm64";`} {
		if !strings.Contains(conf, want) {
			t.Errorf("configuration lacks %s", want)
		}
	}
	for _, gone := range []string{"Invoke", "IndexTargets", `"var/lib/apt"`, `AllowUnauthenticated "true"`} {
		if strings.Contains(conf, gone) {
			t.Errorf("configuration carries %s", gone)
		}
	}
	// apt lets the last assignment win.
	const key = "Acquire::AllowInsecureRepositories "
	if last := conf[strings.LastIndex(conf, key):]; !strings.HasPrefix(last, key+`"false"`) {
		t.Errorf("insecure archives are allowed: %s", last)
	}
}

func TestComplaintIsTheFirstError(t *testing.T) {
	if got := complaint("Reading...\nW: something\nE: the cause\nE: a consequence\n"); got != "the cause" {
		t.Errorf("got %q", got)
	}
	if got := complaint("one\ntwo\n"); got != "two" {
		t.Errorf("got %q", got)
	}
}

func TestWithoutAptTheErrorSaysWhichProgramIsMissing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	_, err := Open(t.Context(), dir, "bookworm", "amd64", func(string) {})
	if err == nil || !strings.Contains(err.Error(), "apt-get is not on the PATH") {
		t.Errorf("err = %v", err)
	}
}

func TestUnsignedArchiveIsRefused(t *testing.T) {
	needs.Program(t, "docker", "apt-get")
	repo := t.TempDir()
	filetest.Tree(t, filepath.Join(repo, "dists/sid"), map[string]string{
		"main/binary-amd64/Packages": "Package: nginx\nVersion: 9-9\nArchitecture: amd64\nFilename: nginx.deb\nSize: 1\nSHA256: 00\n",
		"Release":                    "Origin: Debian\nSuite: sid\nCodename: sid\nArchitectures: amd64\nComponents: main\n",
	})
	// The host would trust it; that is not carried over.
	srcs := parseLineSources("deb [trusted=yes] file:" + repo + " sid main\n")
	a, err := open(t.Context(), t.TempDir(), "sid", "amd64", srcs, func(string) {})
	if err == nil {
		a.Close()
		t.Fatal("an unsigned archive was accepted")
	}
	if !strings.Contains(err.Error(), "signed") {
		t.Errorf("refused, but not for its signature: %v", err)
	}
}

func TestArchiveSignedByAnotherKeyIsRefused(t *testing.T) {
	srcs := archive(t)
	none := filepath.Join(t.TempDir(), "none.gpg")
	if err := os.WriteFile(none, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range srcs {
		srcs[i].SignedBy = none
	}
	a, err := open(t.Context(), t.TempDir(), srcs[0].Suites[0], runtime.GOARCH, srcs[:1], func(string) {})
	if err == nil {
		a.Close()
		t.Fatal("an archive was accepted whose key is not in the keyring")
	}
	if !strings.Contains(err.Error(), "signed") {
		t.Errorf("refused, but not for its signature: %v", err)
	}
}

func TestUnreachableArchiveIsAnErrorWithinSeconds(t *testing.T) {
	needs.Program(t, "docker", "apt-get")
	began := time.Now()
	srcs := parseLineSources("deb http://127.0.0.1:1/debian sid main\n")
	a, err := open(t.Context(), t.TempDir(), "sid", "amd64", srcs, func(string) {})
	if err == nil { // apt-get update by itself exits 0 here
		a.Close()
		t.Fatal("lists were fetched from an archive that is not there")
	}
	if !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("err = %v", err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestColdStateLeavesTheHostsAlone(t *testing.T) {
	archive(t)
	suite, err := HostSuite(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := hostState(t)
	dir := t.TempDir()
	a, err := Open(t.Context(), dir, suite, runtime.GOARCH, func(s string) { t.Log(s) })
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	s, err := a.Select(t.Context(), "nginx")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "usr/sbin/nginx"); err != nil {
		t.Fatal(err)
	}
	files, err := s.Link(t.Context(), "usr/sbin/nginx")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 5 || s.Version("usr/sbin/nginx") == "" {
		t.Errorf("nginx %q with only %d files", s.Version("usr/sbin/nginx"), len(files))
	}
	if diff := cmp.Diff(before, hostState(t)); diff != "" {
		t.Errorf("the host's apt state changed:\n%s", diff)
	}

	// A package in the cache is checked each time it is used.
	for name, p := range s.closure {
		if s.fetched[name] {
			filetest.Write(t, a.path(p), "not a package")
			if a.check(p) == nil {
				t.Error("a spoilt package passed")
			}
			if err := a.download(t.Context(), []pkg{p}); err != nil {
				t.Errorf("a spoilt package was not fetched again: %v", err)
			}
			break
		}
	}
}

// archive skips where there is no apt, and returns the host's own archives.
func archive(t *testing.T) []source {
	t.Helper()
	if testing.Short() {
		t.Skip("fetches package lists from the distribution's archive")
	}
	needs.Program(t, "docker", "apt-get")
	suite, all, rel, err := host(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	srcs, err := forSuite(all, rel, suite)
	if err != nil {
		t.Fatal(err)
	}
	return srcs
}

// hostState lists the host's package lists, caches and database with size and date.
func hostState(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, root := range []string{"/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg/status", "/etc/apt"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // some directories are closed to users
			}
			fi, err := d.Info()
			if err == nil {
				all = append(all, fmt.Sprint(name, " ", fi.Size(), " ", fi.ModTime()))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

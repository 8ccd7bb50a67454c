package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// made is a directory with the packages of this host, as all tests look at them.
var made = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(testDir, "packages")
	return dir, run(context.Background(), "../..", dir, host().String())
})

func packages(t *testing.T) string {
	t.Helper()
	dir, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// only is the one package whose name ends so.
func only(t *testing.T, end string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(packages(t), "*"+end))
	if err != nil || len(found) != 1 {
		t.Fatalf("packages *%s: %v, %v", end, found, err)
	}
	return found[0]
}

// TestSameBytesTwice: the sources and the date say all.
func TestSameBytesTwice(t *testing.T) {
	first, err := os.ReadFile(filepath.Join(packages(t), sumsFile))
	if err != nil {
		t.Fatal(err)
	}
	again := t.TempDir()
	if err := run(t.Context(), "../..", again, host().String()); err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(filepath.Join(again, sumsFile))
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%v: first\n%s, then\n%s", err, first, second)
	}
	if n := bytes.Count(first, []byte("\n")); n != 5 {
		t.Errorf("%d packages, want deb, rpm, tarball, image and bill:\n%s", n, first)
	}
	check := exec.Command("sha256sum", "--check", "--strict", sumsFile)
	check.Dir = packages(t)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
}

// TestTarballRuns: it is unpacked and used, completions and man pages beside it.
func TestTarballRuns(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-C", dir, "--strip-components=1", "-xzf", only(t, ".tar.gz")).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	for _, name := range []string{"LICENSE", "LICENSES.txt", "README.md", "CHANGELOG.md", "docs/install.md", "man/lab99-run.1",
		"completions/_lab99", "completions/lab99.fish", "monitoring/alerts.yml"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "lab99"), "version", "--json").Output()
	var v struct{ Version, Revision string }
	if jerr := json.Unmarshal(out, &v); err != nil || jerr != nil {
		t.Fatalf("version: %v, %v: %s", err, jerr, out)
	}
	want, err := releaseOf(t.Context(), "../..")
	if err != nil || v.Version != want.version || v.Revision != want.revision {
		t.Errorf("it says %+v, want %s %s (%v)", v, want.version, want.revision, err)
	}
	if out, err := exec.Command("bash", "-n", filepath.Join(dir, "completions/lab99.bash")).CombinedOutput(); err != nil {
		t.Errorf("the completion is no bash: %v\n%s", err, out)
	}
}

// TestNoticesNameEveryModule: what is linked asks for its licence to be shown.
func TestNoticesNameEveryModule(t *testing.T) {
	text := member(t, only(t, ".tar.gz"), "LICENSES.txt")
	r, err := releaseOf(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := dependencies(t.Context(), r, host())
	if err != nil || len(modules) < 20 {
		t.Fatalf("%d modules, %v", len(modules), err)
	}
	for _, m := range modules {
		if !bytes.Contains(text, []byte(m.Path+" "+m.Version+": ")) {
			t.Errorf("%s is not named", m.Path)
		}
	}
	var bill struct {
		BOMFormat  string
		Components []struct{ Name, PURL string }
	}
	b, err := os.ReadFile(only(t, ".cdx.json"))
	if err != nil || json.Unmarshal(b, &bill) != nil || bill.BOMFormat != "CycloneDX" {
		t.Fatalf("%v: %.200s", err, b)
	}
	for _, m := range modules {
		if !slices.ContainsFunc(bill.Components, func(c struct{ Name, PURL string }) bool {
			return c.Name == m.Path && c.PURL != ""
		}) {
			t.Errorf("the bill of materials lacks %s", m.Path)
		}
	}
	if len(bill.Components) != len(modules)+1 {
		t.Errorf("%d components for %d modules and the standard library", len(bill.Components), len(modules))
	}
}

// member is a file of a tarball.
func member(t *testing.T, path, name string) []byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("%s has no %s", path, name)
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(h.Name, "/"+name) {
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
}

// needs skips a test, or fails it where LAB99_REQUIRE has it.
func needs(t *testing.T, what string, met bool) {
	t.Helper()
	if met {
		return
	}
	if slices.Contains(strings.Split(os.Getenv("LAB99_REQUIRE"), ","), what) {
		t.Fatalf("%s is required here", what)
	}
	t.Skip("without " + what)
}

func hasEngine() bool { return exec.Command("docker", "info").Run() == nil }

// TestImageRuns: an engine loads it, and it runs as nobody in particular, with nothing
// writable and no right.
func TestImageRuns(t *testing.T) {
	needs(t, "docker", hasEngine())
	r, err := releaseOf(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	ref := "lab99:" + r.version
	if out, err := exec.Command("docker", "load", "--input", only(t, "_image.tar")).CombinedOutput(); err != nil ||
		!strings.Contains(string(out), ref) {
		t.Fatalf("docker load: %v\n%s", err, out)
	}
	t.Cleanup(func() { exec.Command("docker", "rmi", ref).Run() })
	out, err := exec.Command("docker", "run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none", ref,
		"version").CombinedOutput()
	if err != nil || !strings.Contains(string(out), r.version+" "+r.revision) {
		t.Errorf("docker run: %v\n%s", err, out)
	}
	if out, err := exec.Command("docker", "image", "inspect", "--format", "{{.Config.User}}", ref).Output(); err != nil ||
		strings.TrimSpace(string(out)) == "" || strings.HasPrefix(string(out), "0") {
		t.Errorf("it runs as %q, %v", out, err)
	}
}

// TestInstalledInACleanSystem installs the deb in a Debian that has nginx and Apache and
// has never seen lab99, without a network, reproduces error 99 there, and removes it again.
func TestInstalledInACleanSystem(t *testing.T) {
	_, err := exec.LookPath("debootstrap")
	needs(t, "debootstrap", err == nil && os.Getuid() == 0)
	root := filepath.Join(t.TempDir(), "root")
	sh(t, `suite=$(. /etc/os-release && echo $VERSION_CODENAME)
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" | head -n 1)
debootstrap --variant=minbase --include=nginx-light,apache2-bin $suite "$1" $archive >"$1.log" 2>&1 || { tail "$1.log"; exit 1; }
cp "$2" "$1/lab99.deb"`, root, only(t, ".deb"))
	out := sh(t, `exec unshare --mount --pid --net --ipc --uts --fork --propagation private sh -ec '
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mkdir outside
pivot_root . outside
exec chroot . sh -ec "$2"' sh "$1" "$2"`, root, `
umount -l /outside
export HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
touch /before
dpkg --install /lab99.deb
lab99 version
lab99 reproduce --size quick --driver netns --out /root/results
dpkg --remove lab99
[ -z "$(find /usr /etc -newer /before -name '*lab99*')" ] && echo nothing left`)
	for _, want := range []string{
		"Setting up lab99", "reproduced  ", "mitigated  ", "postponed  ", "Report: ", "nothing left",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	t.Log(out)
}

// TestRPMInstalled installs the rpm with rpm itself into an empty directory, in which the
// program runs alone, and removes it again.
func TestRPMInstalled(t *testing.T) {
	_, err := exec.LookPath("rpm")
	needs(t, "rpm", err == nil && os.Getuid() == 0)
	root := filepath.Join(t.TempDir(), "root")
	out := sh(t, `mkdir "$1"
rpm="rpm --root $1"
debian=$(rpm --help | grep -o -e --force-debian || true) # where rpm is not the system's own, it wants to be asked twice
$rpm --initdb
$rpm --install $debian "$2"
$rpm --verify lab99 && echo as packed
$rpm --query --requires lab99 | grep -v '^rpmlib(' && echo it requires more than rpm
chroot "$1" /usr/bin/lab99 version
chroot "$1" /usr/bin/lab99 predict --ports 28232 --rate 900
test -s "$1/usr/share/man/man1/lab99-run.1.gz" -a -s "$1/usr/share/bash-completion/completions/lab99" && echo with man pages and completion
$rpm --erase $debian lab99
[ -z "$(find "$1" -name '*lab99*')" ] && echo nothing left`, root, only(t, ".rpm"))
	for _, want := range []string{"as packed", "error 99", "with man pages and completion", "nothing left"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing from\n%s", want, out)
		}
	}
	if strings.Contains(out, "it requires more") {
		t.Errorf("the rpm has dependencies, and the program has none:\n%s", out)
	}
	t.Log(out)
}

// TestTarballsOfOtherSystems: what cannot run here is at least a program of that system
// and machine, with the one for the engine's Linux beside it on macOS.
func TestTarballsOfOtherSystems(t *testing.T) {
	if testing.Short() {
		t.Skip("four programs are built: left out of -short")
	}
	type made struct{ system, machine string }
	kind := map[string]func(io.ReaderAt) (made, error){
		"darwin": func(r io.ReaderAt) (made, error) {
			f, err := macho.NewFile(r)
			if err != nil {
				return made{}, err
			}
			return made{f.Type.String(), f.Cpu.String()}, nil
		},
		"windows": func(r io.ReaderAt) (made, error) {
			f, err := pe.NewFile(r)
			if err != nil {
				return made{}, err
			}
			return made{"PE", fmt.Sprintf("%#x", f.Machine)}, nil
		},
		"linux": func(r io.ReaderAt) (made, error) {
			f, err := elf.NewFile(r)
			if err != nil {
				return made{}, err
			}
			if libraries, err := f.ImportedLibraries(); err != nil || len(libraries) > 0 {
				return made{}, fmt.Errorf("it wants libraries %v, %v", libraries, err)
			}
			return made{f.Type.String(), f.Machine.String()}, nil
		},
	}
	for _, c := range []struct {
		of, name, system string
		want             made
	}{
		{"darwin/arm64", "lab99", "darwin", made{"Exec", "CpuArm64"}},
		{"darwin/arm64", "lab99-linux-arm64", "linux", made{"ET_EXEC", "EM_AARCH64"}},
		{"windows/amd64", "lab99.exe", "windows", made{"PE", "0x8664"}},
		{"linux/arm64", "lab99", "linux", made{"ET_EXEC", "EM_AARCH64"}},
	} {
		t.Run(c.of+"/"+c.name, func(t *testing.T) {
			dir := filepath.Join(testDir, strings.ReplaceAll(c.of, "/", "-"))
			if _, err := os.Stat(dir); err != nil {
				if err := run(t.Context(), "../..", dir, c.of); err != nil {
					t.Fatal(err)
				}
			}
			found, err := filepath.Glob(filepath.Join(dir, "*.tar.gz"))
			if err != nil || len(found) != 1 {
				t.Fatalf("tarballs %v, %v", found, err)
			}
			if got, err := kind[c.system](bytes.NewReader(member(t, found[0], c.name))); err != nil || got != c.want {
				t.Errorf("%s is %v, want %v; %v", c.name, got, c.want, err)
			}
		})
	}
}

func sh(t *testing.T, script string, args ...string) string {
	t.Helper()
	out, err := exec.Command("sh", append([]string{"-ec", script, "sh"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// testDir is of all tests together.
var testDir string

func TestMain(m *testing.M) {
	var err error
	if testDir, err = os.MkdirTemp("", "lab99-packaging-test-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(testDir)
	os.Exit(code)
}

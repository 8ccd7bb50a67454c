package distro

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// ErrNoApt is a host whose distribution this package cannot use.
var ErrNoApt = errors.New("no apt here")

// listsAge is how old package lists may grow. An archive drops a package's old
// version when a new one enters, so older lists name files that are gone.
const listsAge = 24 * time.Hour

// Archive is a private apt state for one suite and one architecture.
type Archive struct {
	Suite, Arch string // as the archive names them: bookworm, amd64

	dir     string
	env     []string
	sources string // deb822 text
	fresh   bool   // the lists were fetched by this process
	log     func(string)
	lock    *flock.Flock
}

// HostSuite returns the suite that the host itself runs.
func HostSuite(ctx context.Context) (string, error) {
	suite, _, _, err := host(ctx)
	return suite, err
}

func host(ctx context.Context) (string, []source, release, error) {
	for _, program := range []string{"apt-get", "apt-cache", "apt-config", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", nil, release{}, fmt.Errorf("%w: %s is not on the PATH", ErrNoApt, program)
		}
	}
	rel, err := hostRelease()
	if err != nil {
		return "", nil, release{}, err
	}
	all, err := hostSources(ctx)
	if err != nil {
		return "", nil, release{}, err
	}
	suite, _, err := mainArchive(all, rel)
	return suite, all, rel, err
}

// Open prepares the state under dir and brings its package lists up to date.
// goarch is the architecture of the machine that will run the programs; it
// need not be the host's. The state is locked until Close.
func Open(ctx context.Context, dir, suite, goarch string, log func(string)) (*Archive, error) {
	_, all, rel, err := host(ctx)
	if err != nil {
		return nil, err
	}
	srcs, err := forSuite(all, rel, suite)
	if err != nil {
		return nil, err
	}
	return open(ctx, dir, suite, goarch, srcs, log)
}

func open(ctx context.Context, dir, suite, goarch string, srcs []source, log func(string)) (*Archive, error) {
	arch, err := debArch(goarch)
	if err != nil {
		return nil, err
	}
	a := &Archive{Suite: suite, Arch: arch, dir: filepath.Join(dir, suite+"-"+arch), sources: stanzas(srcs), log: log}
	for _, d := range []string{"lists/partial", "archives/partial", "packages"} {
		// Private to the user: apt's configuration may hold a proxy's password.
		if err := os.MkdirAll(filepath.Join(a.dir, d), 0o700); err != nil {
			return nil, fmt.Errorf("private apt state: %w", err)
		}
	}
	// apt locks its lists as well, but fails at once when it finds them locked.
	a.lock = flock.New(filepath.Join(a.dir, "lock"))
	if _, err = a.lock.TryLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("private apt state: %w", err)
	}
	if err := a.prepare(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// Close lets another process use the state.
func (a *Archive) Close() { a.lock.Close() }

func debArch(goarch string) (string, error) {
	switch goarch {
	case "amd64", "arm64", "s390x", "riscv64", "loong64":
		return goarch, nil
	case "386":
		return "i386", nil
	case "arm":
		return "armhf", nil
	case "ppc64le":
		return "ppc64el", nil
	}
	return "", fmt.Errorf("no Debian architecture for %s", goarch)
}

func (a *Archive) prepare(ctx context.Context) error {
	host, err := run(ctx, nil, "", "apt-config", "dump")
	if err != nil {
		return err
	}
	conf := privateConfig(string(host), a.dir, a.Arch)
	for name, text := range map[string]string{"apt.conf": conf, "archive.sources": a.sources, "status": ""} {
		name = filepath.Join(a.dir, name)
		if old, err := os.ReadFile(name); err == nil && string(old) == text {
			continue // a newer date would make apt rebuild its cache: a second
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return fmt.Errorf("private apt state: %w", err)
		}
	}
	a.env = append(os.Environ(),
		"APT_CONFIG="+filepath.Join(a.dir, "apt.conf"), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")

	// The stamp says which sources the lists are of; its age is theirs.
	stamp := filepath.Join(a.dir, "updated")
	old, _ := os.ReadFile(stamp)
	fi, err := os.Stat(stamp)
	have := err == nil && string(old) == a.sources
	if have && time.Since(fi.ModTime()) < listsAge {
		return nil
	}
	if err := a.Update(ctx); err != nil {
		if !have || ctx.Err() != nil {
			return err
		}
		days := int(time.Since(fi.ModTime()).Hours() / 24)
		a.log(fmt.Sprintf("package lists of %s are %d days old and cannot be renewed: %v", a.Suite, days, err))
	}
	return nil
}

// Stale reports whether the lists are from before Open: a package they name may
// have been replaced in the archive since.
func (a *Archive) Stale() bool { return !a.fresh }

// Update fetches the package lists. apt verifies their signatures.
func (a *Archive) Update(ctx context.Context) error {
	a.log("fetching the package lists of " + a.Suite)
	// By default apt-get update exits 0 when an archive could not be reached.
	if _, err := run(ctx, a.env, "", "apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"); err != nil {
		hint := ""
		if strings.Contains(err.Error(), "not signed") {
			hint = " (by a key this host knows: for a suite newer than the host, upgrade its archive keyring " +
				"package first)"
		}
		return fmt.Errorf("package lists of %s: %w%s", a.Suite, err, hint)
	}
	a.fresh = true
	return os.WriteFile(filepath.Join(a.dir, "updated"), []byte(a.sources), 0o600)
}

// privateConfig is the configuration apt reads instead of the host's. Of the
// host's it keeps how to reach an archive (proxies, timeouts, certificates)
// and drops the rest: hooks that clean the host's cache, pins, other state.
func privateConfig(host, dir, arch string) string {
	var b strings.Builder
	for line := range strings.Lines(host) {
		// IndexTargets adds kinds of lists that nobody reads here.
		if strings.HasPrefix(line, "Acquire::") && !strings.HasPrefix(line, "Acquire::IndexTargets") {
			b.WriteString(line)
		}
	}
	for _, o := range [][2]string{
		{"APT::Architecture", arch},
		{"APT::Architectures", arch},
		// As root apt would drop to a user who may not read the caller's cache.
		{"APT::Sandbox::User", "root"},
		{"APT::Get::AllowUnauthenticated", "false"},
		{"Acquire::AllowInsecureRepositories", "false"},
		{"Acquire::AllowWeakRepositories", "false"},
		{"Acquire::AllowDowngradeToInsecureRepositories", "false"},
		{"Acquire::Languages", "none"},
		{"Acquire::Retries", "1"},
		{"Acquire::http::Timeout", "10"}, // seconds; apt's default is 30, and a dead archive costs it twice
		{"Acquire::https::Timeout", "10"},
		{"Dir::State", dir},
		{"Dir::State::lists", filepath.Join(dir, "lists")},
		{"Dir::State::status", filepath.Join(dir, "status")}, // empty: nothing is installed, so closures are complete
		{"Dir::State::extended_states", filepath.Join(dir, "extended_states")},
		{"Dir::Cache", dir},
		{"Dir::Cache::archives", filepath.Join(dir, "archives")}, // stays empty: apt prints no URI of a package it has
		{"Dir::Cache::pkgcache", filepath.Join(dir, "pkgcache.bin")},
		{"Dir::Cache::srcpkgcache", ""}, // a second copy, for when only the dpkg status changes
		{"Dir::Log", dir},
		{"Dir::Log::Planner", ""},
		{"Dir::Etc::main", "/dev/null"},
		{"Dir::Etc::parts", "/dev/null"},
		{"Dir::Etc::preferences", "/dev/null"},
		{"Dir::Etc::preferencesparts", "/dev/null"},
		{"Dir::Etc::sourcelist", filepath.Join(dir, "archive.sources")},
		{"Dir::Etc::sourceparts", "/dev/null"},
	} {
		fmt.Fprintf(&b, "%s %q;\n", o[0], o[1])
	}
	return b.String()
}

// resolve returns what installing the seeds on an empty system would unpack.
func (a *Archive) resolve(ctx context.Context, seeds []string) (map[string]pkg, error) {
	// --simulate would say the same in three times the time.
	args := append([]string{"install", "--print-uris", "-qq", "--yes", "--no-install-recommends"}, seeds...)
	out, err := run(ctx, a.env, "", "apt-get", args...)
	if err != nil {
		return nil, fmt.Errorf("dependencies of %s in %s: %w", strings.Join(seeds, ", "), a.Suite, err)
	}
	specs := parseURIs(string(out))
	if len(specs) == 0 {
		return nil, fmt.Errorf("dependencies of %s in %s: apt-get named no package", strings.Join(seeds, ", "), a.Suite)
	}
	out, err = run(ctx, a.env, "", "apt-cache", append([]string{"show"}, specs...)...)
	if err != nil {
		return nil, fmt.Errorf("packages of %s: %w", a.Suite, err)
	}
	closure := map[string]pkg{}
	for _, st := range parseStanzas(string(out)) {
		if p := parsePackage(st); p.Name != "" {
			closure[p.Name] = p
		}
	}
	return closure, nil
}

// download puts the packages' files into the cache. apt checks them against
// the signed lists; so do we, because the cache outlives the run.
func (a *Archive) download(ctx context.Context, pkgs []pkg) error {
	var specs []string
	for _, p := range pkgs {
		if a.check(p) != nil {
			os.Remove(a.path(p)) // apt would keep a file of the right size
			specs = append(specs, p.Name+"="+p.Version)
		}
	}
	if len(specs) == 0 {
		return nil
	}
	args := append([]string{"download", "-q"}, specs...)
	if _, err := run(ctx, a.env, filepath.Join(a.dir, "packages"), "apt-get", args...); err != nil {
		return fmt.Errorf("download of %s: %w", strings.Join(specs, ", "), err)
	}
	for _, p := range pkgs {
		if err := a.check(p); err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) path(p pkg) string { return filepath.Join(a.dir, "packages", p.file()) }

func (a *Archive) check(p pkg) error {
	b, err := os.ReadFile(a.path(p))
	if err != nil {
		return fmt.Errorf("package %s %s: %w", p.Name, p.Version, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != p.SHA256 {
		return fmt.Errorf("package %s %s: %s is not the file that the signed list names", p.Name, p.Version, p.file())
	}
	return nil
}

// run returns a program's standard output; an error ends with what the program
// said last.
func run(ctx context.Context, env []string, dir, program string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = env, dir, &stdout, &stderr
	cmd.WaitDelay = time.Second // apt's methods hold the pipes open a moment longer
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", program, context.Cause(ctx))
		}
		return nil, fmt.Errorf("%s %s: %w: %s", program, args[0], err, complaint(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// complaint picks the first error apt printed, else its last line.
func complaint(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for _, l := range lines {
		if strings.HasPrefix(l, "E:") {
			return strings.TrimSpace(l[2:])
		}
	}
	return strings.TrimSpace(lines[len(lines)-1])
}

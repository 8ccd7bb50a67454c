package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/image/distro"
)

// Cache is where kernels are kept unpacked.
type Cache struct {
	Dir string // of the kernels
	Apt string // of the apt states
	Log func(string)
}

// stale is how old an unpacked kernel may be before its suite is asked for a newer
// one. That of sid changes every few days, the others hardly ever.
const stale = 7 * 24 * time.Hour

// format is that of an unpacked directory.
const format = 1

// Unpacked is a kernel, or an emulator, as it lies in the cache.
type Unpacked struct {
	Dir      string    `json:"-"`
	Format   int       `json:"format"`
	Packages []string  `json:"packages"` // name=version of each that files were taken from
	Fetched  time.Time `json:"fetched"`
}

// Names in an unpacked directory. Beside them lie the libraries of a program, in
// which it is started.
const (
	infoFile   = "info.json" // written last
	umlFile    = "linux"     // user-mode Linux
	imageFile  = "vmlinuz"   // of a stock kernel
	qemuFile   = "qemu"
	moduleDir  = "modules"
	firmware   = "firmware"
	qemuPlugin = "plugins"
)

// ErrNotFetched is a kernel that is not in the cache and was not to be fetched.
var ErrNotFetched = errors.New("not in the cache")

// Kernel returns an unpacked kernel, which it fetches when there is none or only an
// old one. Without the network an old one will do.
func (c Cache) Kernel(ctx context.Context, k Kernel) (*Unpacked, error) {
	switch k.Via {
	case UML:
		if runtime.GOARCH != "amd64" {
			return nil, fmt.Errorf("Debian has user-mode Linux for amd64 only, and this machine is %s", runtime.GOARCH)
		}
		return c.get(ctx, k.Name, k.Suite, []string{"user-mode-linux"}, unpackUML)
	case QEMU:
		return c.get(ctx, k.Name, k.Suite, []string{"linux-image-cloud-" + runtime.GOARCH}, unpackStock)
	}
	return nil, fmt.Errorf("%s needs no package", k.Name)
}

// Have returns a kernel that is unpacked already, however old; the error is
// ErrNotFetched when there is none.
func (c Cache) Have(name string) (*Unpacked, error) {
	dir := filepath.Join(c.Dir, name)
	b, err := os.ReadFile(filepath.Join(dir, infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, ErrNotFetched)
	}
	u := &Unpacked{Dir: dir}
	if err == nil {
		err = json.Unmarshal(b, u)
	}
	if err != nil {
		return nil, fmt.Errorf("unpacked %s: %w; remove %s to have it fetched anew", name, err, dir)
	}
	if u.Format != format {
		return nil, fmt.Errorf("%s: %w in this format", name, ErrNotFetched)
	}
	return u, nil
}

// Installed makes of the user-mode Linux that this machine has installed what Have
// would return. It writes the modules below dir.
func Installed(ctx context.Context, dir string) (*Unpacked, error) {
	program, err := exec.LookPath("linux.uml")
	if err != nil {
		return nil, fmt.Errorf("the package user-mode-linux is not installed: %w", err)
	}
	if err := os.Symlink(program, filepath.Join(dir, umlFile)); err != nil {
		return nil, err
	}
	var files []string
	beside := filepath.Join(filepath.Dir(program), "..", "lib", "uml", "modules")
	err = filepath.WalkDir(beside, func(p string, _ fs.DirEntry, err error) error {
		files = append(files, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	list, err := modules(ctx, files, os.ReadFile)
	if err != nil {
		return nil, err
	}
	return &Unpacked{Dir: dir}, writeModules(dir, list)
}

// get returns what is unpacked under a name, or has it unpacked from the packages
// of a suite.
func (c Cache) get(ctx context.Context, name, suite string, seeds []string,
	unpack func(ctx context.Context, s *distro.Selection, dir string) error) (*Unpacked, error) {
	old, err := c.Have(name)
	if err == nil && time.Since(old.Fetched) < stale {
		return old, nil
	}
	if err != nil && !errors.Is(err, ErrNotFetched) {
		return nil, err
	}
	archive, err := distro.Open(ctx, c.Apt, suite, runtime.GOARCH, c.Log)
	if err == nil {
		defer archive.Close()
		if u, haveErr := c.Have(name); haveErr == nil && time.Since(u.Fetched) < stale {
			return u, nil // another process was quicker: it had the lock before
		}
		c.Log(fmt.Sprintf("unpacking %s of %s", strings.Join(seeds, ", "), suite))
		err = c.unpack(ctx, archive, name, seeds, unpack)
		if err != nil && archive.Stale() && ctx.Err() == nil { // the lists name files that are gone
			if err = archive.Update(ctx); err == nil {
				err = c.unpack(ctx, archive, name, seeds, unpack)
			}
		}
	}
	if err != nil && old != nil && ctx.Err() == nil {
		c.Log(fmt.Sprintf("%s stays as it was fetched on %s: %v", name, old.Fetched.Format(time.DateOnly), err))
		return old, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Have(name)
}

// unpack makes a directory, which is complete or not there.
func (c Cache) unpack(ctx context.Context, a *distro.Archive, name string, seeds []string,
	unpack func(ctx context.Context, s *distro.Selection, dir string) error) error {
	s, err := a.Select(ctx, seeds...)
	if err != nil {
		return err
	}
	dir := filepath.Join(c.Dir, name)
	fresh := dir + ".new" // a fixed name: what a killed process left goes now
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := os.MkdirAll(fresh, 0o755); err != nil {
		return err
	}
	if err := unpack(ctx, s, fresh); err != nil {
		return err
	}
	b, err := json.Marshal(Unpacked{Format: format, Packages: s.Packages(), Fetched: time.Now().UTC()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(fresh, infoFile), b, 0o644); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// unpackUML takes the kernel, the libraries it is linked with, and modules.
func unpackUML(ctx context.Context, s *distro.Selection, dir string) error {
	if err := takeProgram(ctx, s, "usr/bin/linux.uml", filepath.Join(dir, umlFile)); err != nil {
		return err
	}
	return takeModules(ctx, s, dir, "usr/lib/uml/modules")
}

// unpackStock takes an image and modules. They are in packages that the one named
// depends on, from Linux 7 on in those that those depend on.
func unpackStock(ctx context.Context, s *distro.Selection, dir string) error {
	image, err := s.Find(ctx, "boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz")
	if err != nil {
		return err
	}
	f, err := s.Open(ctx, image)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, imageFile), f.Data, 0o644); err != nil {
		return err
	}
	return takeModules(ctx, s, dir, "usr/lib/modules")
}

// takeProgram takes a program and its libraries, and links it anew with those.
func takeProgram(ctx context.Context, s *distro.Selection, from, to string) error {
	program, err := s.Open(ctx, from)
	if err != nil {
		return err
	}
	libraries, err := s.Link(ctx, from)
	if err != nil {
		return err
	}
	data, err := relink(program.Data)
	if errors.Is(err, errStatic) {
		data, err = program.Data, nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := os.WriteFile(to, data, 0o755); err != nil {
		return err
	}
	for name, f := range libraries {
		if f.Link != "" {
			f, err = s.Open(ctx, f.Link) // the dynamic linker, under the name that programs ask for
			if err != nil {
				return err
			}
			name = linker
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(to), path.Base(name)), f.Data, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// takeModules writes those of the guest into files that sort in the order in which
// they load.
func takeModules(ctx context.Context, s *distro.Selection, dir, from string) error {
	list, err := modules(ctx, s.Below(from), func(name string) ([]byte, error) {
		f, err := s.Open(ctx, name)
		return f.Data, err
	})
	if err != nil {
		return err
	}
	return writeModules(dir, list)
}

func writeModules(dir string, list []module) error {
	if err := os.MkdirAll(filepath.Join(dir, moduleDir), 0o755); err != nil {
		return err
	}
	for i, m := range list {
		file := filepath.Join(dir, moduleDir, fmt.Sprintf("%02d-%s.ko", i, m.name))
		if err := os.WriteFile(file, m.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Emulator is a qemu, installed or unpacked.
type Emulator struct {
	Path string
	Dir  string   // "" for one that is installed; else where it must be started
	Args []string // to find its parts
	Env  []string
}

// Emulator finds qemu on this machine, or else unpacks that of the host's suite.
func (c Cache) Emulator(ctx context.Context) (*Emulator, error) {
	if runtime.GOARCH != "amd64" {
		return nil, fmt.Errorf("stock kernels are booted on amd64 only, and this machine is %s", runtime.GOARCH)
	}
	e := &Emulator{}
	var err error
	if e.Path, err = exec.LookPath("qemu-system-x86_64"); err != nil {
		suite, err := distro.HostSuite(ctx)
		if err != nil {
			return nil, err
		}
		packages := []string{"qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios"}
		u, err := c.get(ctx, "qemu", suite, packages, unpackQEMU)
		if err != nil {
			return nil, err
		}
		e.Dir, e.Path = u.Dir, filepath.Join(u.Dir, qemuFile)
		e.Args = []string{"-L", filepath.Join(u.Dir, firmware)}
		e.Env = []string{"LD_LIBRARY_PATH=" + u.Dir, "QEMU_MODULE_DIR=" + filepath.Join(u.Dir, qemuPlugin)}
	}
	cmd := exec.CommandContext(ctx, e.Path, "--version")
	cmd.Dir, cmd.Env = e.Dir, e.environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w: %s", e.Path, err, strings.TrimSpace(string(out)))
	}
	return e, nil
}

func (e *Emulator) environ() []string { return append(os.Environ(), e.Env...) }

// unpackQEMU takes the emulator of x86-64 with what it needs for a machine without
// a screen: a BIOS, what it puts in place of a boot loader, and the emulated
// processor, which is a plugin.
func unpackQEMU(ctx context.Context, s *distro.Selection, dir string) error {
	if err := takeProgram(ctx, s, "usr/bin/qemu-system-x86_64", filepath.Join(dir, qemuFile)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, firmware), 0o755); err != nil {
		return err
	}
	for _, name := range []string{
		"usr/share/seabios/bios-256k.bin", "usr/share/qemu/kvmvapic.bin", "usr/share/qemu/linuxboot_dma.bin",
		"usr/share/qemu/linuxboot.bin",
	} {
		f, err := s.Open(ctx, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, firmware, path.Base(name)), f.Data, 0o644); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, qemuPlugin), 0o755); err != nil {
		return err
	}
	plugins := slices.DeleteFunc(s.Below("usr/lib"), func(name string) bool {
		return path.Base(path.Dir(name)) != "qemu" || !strings.HasPrefix(path.Base(name), "accel-tcg-x86_64")
	})
	for _, name := range plugins {
		f, err := s.Open(ctx, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, qemuPlugin, path.Base(name)), f.Data, 0o755); err != nil {
			return err
		}
	}
	return nil
}

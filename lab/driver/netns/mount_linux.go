package netns

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/lab99/lab99/lab/driver"
	"golang.org/x/sys/unix"
)

// ownMounts keeps what the child mounts from being seen outside, and gives it
// a /proc of its own PID namespace.
func ownMounts() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make its mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount a /proc of its own, which a container that hides parts of /proc forbids: %w", err)
	}
	return nil
}

// devices are those that servers open.
var devices = []string{"null", "zero", "full", "random", "urandom"}

// makeRoot makes a server's root file system out of the shared one, with the
// same paths as in a container. It must be called on the host's thread, whose
// mount namespace it is mounted in.
func makeRoot(s server) error {
	if err := unix.Mount(s.Root, s.Root, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount the root file system: %w", err)
	}
	// Not a remount, which would have to repeat the flags that the user's
	// file system is mounted with.
	if err := unix.MountSetattr(unix.AT_FDCWD, s.Root, 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return fmt.Errorf("make the root file system read-only, for which the kernel must be 5.12 or later: %w", err)
	}
	for _, m := range []struct{ at, options string }{
		{driver.ConfigDir, "mode=0755,size=16m"},
		{driver.RunDir, "mode=1777,size=512m"},
		{"/tmp", "mode=1777,size=64m"},
		{"/dev", "mode=0755,size=64k"},
	} {
		if err := unix.Mount("tmpfs", filepath.Join(s.Root, m.at), "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	if err := unix.Mount("/proc", filepath.Join(s.Root, "proc"), "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := makeDev(filepath.Join(s.Root, "dev")); err != nil {
		return err
	}
	for _, f := range s.Files {
		if err := writeFile(filepath.Join(s.Root, f.Path), f.Data); err != nil {
			return fmt.Errorf("put %s into the root file system: %w", f.Path, err)
		}
	}
	return nil
}

// makeDev takes the devices from the machine's /dev: nobody but real root may
// make some.
func makeDev(dir string) error {
	for _, name := range devices {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, nil, 0o666); err != nil {
			return fmt.Errorf("make /dev/%s: %w", name, err)
		}
		if err := unix.Mount(filepath.Join("/dev", name), at, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount /dev/%s: %w", name, err)
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("make /dev/%s: %w", name, err)
		}
	}
	return nil
}

// writeFile makes a file that every user of the host can read, whatever the
// umask.
func writeFile(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	return os.Chmod(name, 0o644)
}

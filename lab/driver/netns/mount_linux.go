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

// makeRoot makes a server's own root file system, with what it writes in
// memory, as a container has it. It must be called on the host's thread, in
// whose mount namespace it is mounted, and returns where.
func makeRoot(s server) (string, error) {
	if err := unix.Mount("tmpfs", s.Scratch, "tmpfs", unix.MS_NOSUID, "mode=0755,size=512m"); err != nil {
		return "", fmt.Errorf("mount what the server writes: %w", err)
	}
	layOut := overlay
	if s.Root == "/" {
		layOut = machine
	}
	root, err := layOut(s)
	if err != nil {
		return "", err
	}
	for _, d := range []string{"proc", "dev", driver.RunDir} {
		if err := makeDir(filepath.Join(root, d)); err != nil {
			return "", err
		}
	}
	if err := unix.Mount("tmpfs", filepath.Join(root, driver.RunDir), "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC,
		"mode=1777,size=512m"); err != nil {
		return "", fmt.Errorf("mount %s: %w", driver.RunDir, err)
	}
	if err := showProc(filepath.Join(root, "proc")); err != nil {
		return "", fmt.Errorf("mount /proc: %w", err)
	}
	if err := makeDev(filepath.Join(root, "dev")); err != nil {
		return "", err
	}
	for _, f := range s.Files {
		if err := writeFile(filepath.Join(root, f.Path), f.Data); err != nil {
			return "", fmt.Errorf("put %s into the root file system: %w", f.Path, err)
		}
	}
	return root, nil
}

// showProc mounts the child's /proc, to be read. A server that is root owns
// the files of the machine's sysctls, and needs no capability to write them.
func showProc(at string) error {
	if err := unix.Mount("/proc", at, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	const flags = unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	return unix.Mount("", at, "", flags, "")
}

// overlay puts what the server writes above the shared files. A configuration
// of the user's own may name a cache anywhere.
func overlay(s server) (string, error) {
	// Names relative to it need no escapes in the options of a mount. The
	// thread has a working directory of its own since it left for a mount
	// namespace.
	if err := unix.Chdir(s.Scratch); err != nil {
		return "", fmt.Errorf("go to %s: %w", s.Scratch, err)
	}
	for _, d := range []string{"lower", "upper", "work", "root"} {
		if err := makeDir(d); err != nil {
			return "", err
		}
	}
	if err := unix.Mount(s.Root, "lower", "", unix.MS_BIND, ""); err != nil {
		return "", fmt.Errorf("mount the shared files: %w", err)
	}
	if err := unix.Mount("overlay", "root", "overlay", unix.MS_NOSUID,
		"lowerdir=lower,upperdir=upper,workdir=work"); err != nil {
		return "", fmt.Errorf("mount the root file system, for which the kernel needs CONFIG_OVERLAY_FS "+
			"and without root must be 5.11 or later: %w", err)
	}
	return filepath.Join(s.Scratch, "root"), nil
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
	shm := filepath.Join(dir, "shm") // shm_open(3), as containers have it
	if err := makeDir(shm); err != nil {
		return err
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("tmpfs", shm, "tmpfs", flags, "mode=1777,size=64m"); err != nil {
		return fmt.Errorf("mount /dev/shm: %w", err)
	}
	return nil
}

// writeFile makes a file that every user of the host can read, whatever the
// umask.
func writeFile(name string, data []byte) error {
	if err := makeDir(filepath.Dir(name)); err != nil {
		return err
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	return os.Chmod(name, 0o644)
}

func makeDir(name string) error {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return err
	}
	return os.Chmod(name, 0o755)
}

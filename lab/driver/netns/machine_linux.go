package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// What of this machine every server that is installed here gets to see: programs
// and libraries, users, and the media types that configurations like to include.
var (
	programs = []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr"}
	settings = []string{"etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ld.so.cache", "etc/mime.types"}
	writable = []string{"tmp", "var/tmp"}
)

// machine makes a root file system of the parts of this machine's that a
// server needs, all read-only. It is no overlay: without root nothing could
// be written in a directory that is real root's.
func machine(s server) (string, error) {
	for _, name := range slices.Concat(programs, settings, s.Settings) {
		if err := show(filepath.Join("/", name), filepath.Join(s.Scratch, name)); err != nil {
			return "", fmt.Errorf("show %s to the server: %w", filepath.Join("/", name), err)
		}
	}
	for _, name := range slices.Concat(writable, s.Writable, s.Executable) {
		if strings.HasPrefix(name, "/usr/") {
			continue // shown read-only
		}
		if err := makeDir(filepath.Join(s.Scratch, name)); err != nil {
			return "", err
		}
	}
	return s.Scratch, nil
}

// show mounts a file or a directory, with all mounted below it, to be read. A
// symbolic link, such as /lib often is, is copied. What is not there is left
// out.
func show(from, to string) error {
	info, err := os.Lstat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := makeDir(filepath.Dir(to)); err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case info.IsDir():
		err = makeDir(to)
	default:
		err = os.WriteFile(to, nil, 0o644)
	}
	if err != nil {
		return err
	}
	if err := unix.Mount(from, to, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := readOnly(to); err != nil {
		return fmt.Errorf("make it read-only: %w", err)
	}
	return nil
}

package diagnose

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/internal/needs"
)

func TestReason(t *testing.T) {
	all := rights{effective: 1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_SYS_PTRACE | 1<<unix.CAP_DAC_READ_SEARCH}
	ptrace := rights{effective: 1 << unix.CAP_SYS_PTRACE}
	refused := forLackOf(fmt.Errorf("open: %w", unix.EACCES), unix.CAP_SYS_PTRACE, unix.CAP_SYS_ADMIN)
	for _, x := range []struct {
		rights
		err  error
		want string
	}{
		{rights{}, refused, "that takes CAP_SYS_PTRACE and CAP_SYS_ADMIN"},
		{ptrace, refused, "that takes CAP_SYS_ADMIN"},
		{all, refused, "the capabilities are there, and a security module refuses it"},
		{rights{all.effective, true}, refused, "CAP_SYS_ADMIN on the machine, and not only in this user namespace"},
		{ptrace, unix.EPERM, "that takes root"},
		{ptrace, forLackOf(errors.New("broken"), unix.CAP_SYS_ADMIN), "broken"},
	} {
		if got := x.reason(x.err); !strings.HasSuffix(strings.TrimSuffix(got, ", such as AppArmor in a container"), x.want) {
			t.Errorf("%+v, %v: %q, want %q", x.rights, x.err, got, x.want)
		}
	}
}

// TestNamesFromAnotherMountNamespace: a container that sees the machine's processes finds
// its named namespaces through one of them.
func TestNamesFromAnotherMountNamespace(t *testing.T) {
	needs.Root(t)
	needs.Program(t, "netns", "ip")
	name := "lab99-named-" + strconv.Itoa(os.Getpid())
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	elsewhere := func() error {
		if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
			return err
		}
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return err
		}
		if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, ""); err != nil {
			return err
		}
		has := func(dir string) (bool, error) {
			all := census{inodes: map[uint64]*found{}}
			err := all.named(dir)
			return slices.ContainsFunc(all.list, func(f *found) bool { return f.named == name && f.inode != 0 }), err
		}
		if here, err := has(namedNamespaces); here || err != nil {
			return fmt.Errorf("in %s: %v, %w", namedNamespaces, here, err)
		}
		if there, err := has("/proc/self/root" + namedNamespaces); !there || err != nil { // the main thread's
			return fmt.Errorf("through a process: %v, %w", there, err)
		}
		return nil
	}
	onThreadOfItsOwn(func() { // with which the mount namespace ends
		if err := elsewhere(); err != nil {
			t.Error(err)
		}
	})
}

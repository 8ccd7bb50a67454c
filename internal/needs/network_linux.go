package needs

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// init keeps the main thread for the main goroutine, which runs no test. What a test does to
// its thread goes with the thread, but the main one cannot end: it would stay as it is for
// the tests after it, and be what /proc/self shows.
func init() { runtime.LockOSThread() }

// Network gives the test a network namespace of its own, with lo up, or skips as Root
// does. The test's thread is never unlocked, so that Go ends it with the test and the
// namespace goes with it, and with what was started from there.
func Network(t testing.TB) {
	t.Helper()
	Root(t)
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	if err := loUp(); err != nil {
		t.Fatalf("set lo up: %v", err)
	}
}

// loUp asks by ioctl, netdevice(7): netlink's library is for what measures.
func loUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	err = unix.IoctlIfreq(s, unix.SIOCGIFFLAGS, lo)
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	return errors.Join(err, unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, lo))
}

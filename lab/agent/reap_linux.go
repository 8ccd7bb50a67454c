package agent

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// ReapOrphans waits for children that are not this process's own, if it is
// PID 1: the tether's PID namespace holds nginx and the backend too, and when
// a master dies its workers become the tether's. The agent starts no
// processes, so every child there is may be waited for.
func ReapOrphans() (stop func()) {
	if os.Getpid() != 1 {
		return func() {}
	}
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	go func() {
		for range died {
			for {
				pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
				if pid <= 0 || err != nil {
					break
				}
			}
		}
	}()
	return func() { signal.Stop(died); close(died) }
}

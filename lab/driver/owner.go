package driver

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Owner names this process on what it makes outside itself, so that another
// command can tell whether the owner still lives: the machine, the process ID and
// when the process started, as IDs are used again.
func Owner() string {
	return fmt.Sprintf("%s/%d/%s", machineID(), os.Getpid(), startOf(os.Getpid()))
}

// OwnerLives says whether the process that Owner named is alive. It cannot tell,
// and known is false, for a process of another machine or another container.
func OwnerLives(owner string) (alive, known bool) {
	machine, process, _ := strings.Cut(owner, "/")
	id, start, _ := strings.Cut(process, "/")
	pid, err := strconv.Atoi(id)
	if machine == "" || machine != machineID() || err != nil {
		return false, false
	}
	p, err := os.FindProcess(pid)
	if err != nil || errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
		return false, true
	}
	now := startOf(pid) // "" where the system hides it
	return now == "" || now == start, true
}

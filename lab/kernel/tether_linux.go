package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// TetherCommand is the argument by which the program becomes a [Tether].
const TetherCommand = "tether"

// A tether is a process between this one and a guest. User-mode Linux is a process
// for each of its guest's, and they live on when their first is killed. So the
// tether starts the guest in a group of its own. When this process dies, however it
// dies, the tether's input ends, and it ends the group and removes the guest's
// files.
type tether struct {
	cmd     *exec.Cmd
	orders  *os.File // its end is the tether's end; a byte ends the guest alone
	console *os.File
	started time.Time
}

// newTether starts a guest on a processor. program is one whose main calls [Tether];
// scratch goes when the tether is cut.
//
// A guest has one processor of its own, so one of the host's will do. User-mode Linux
// hands over from one of its processes to another at each system call of the guest;
// across processors that took so long that most loads were late.
func newTether(program, scratch string, cpu int, guest *exec.Cmd) (*tether, error) {
	input, orders, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	console, output, err := os.Pipe()
	if err != nil {
		orders.Close()
		return nil, err
	}
	defer output.Close()
	cmd := exec.Command(program, append([]string{TetherCommand, scratch, strconv.Itoa(cpu)}, guest.Args...)...)
	cmd.Dir, cmd.Env = guest.Dir, guest.Env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is for this process
	t := &tether{cmd: cmd, orders: orders, console: console, started: time.Now()}
	if err := cmd.Start(); err != nil {
		orders.Close()
		console.Close()
		return nil, err
	}
	return t, nil
}

// kill ends the guest; its files stay.
func (t *tether) kill() { t.orders.Write([]byte{'k'}) } // an error: the tether is gone, and the guest with it

// cut ends the guest, removes its files, and waits for both.
func (t *tether) cut() {
	t.orders.Close()
	t.console.Close()
	t.cmd.Wait() // how a guest ends is on its console
}

// Tether is the process itself: args are a directory, a processor, and the guest's
// command line.
func Tether(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("%s wants a directory, a processor and a command", TetherCommand)
	}
	defer os.RemoveAll(args[0])
	cpu, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	// A child has what the thread has that starts it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var one unix.CPUSet
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return fmt.Errorf("bind the guest to processor %d: %w", cpu, err)
	}
	cmd := exec.Command(args[2], args[3:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	// Its first process stays a zombie until this one ends too: the number of the
	// group cannot be somebody else's.
	kill := func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cut := make(chan struct{})
	go func() {
		for b := make([]byte, 1); ; {
			_, err := os.Stdin.Read(b)
			kill()
			if err != nil {
				close(cut)
				return
			}
		}
	}()
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	kill() // what is left of the group
	os.Stdout.Close()
	os.Stderr.Close()
	select {
	case <-cut:
	case <-asked:
	}
	return nil
}

// CPUs are the processors of the host that this process may use.
func CPUs() (list []int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("which processors there are: %w", err)
	}
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			list = append(list, cpu)
		}
	}
	return list, nil
}

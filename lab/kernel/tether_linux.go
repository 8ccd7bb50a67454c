package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
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

// newTether starts a guest. program is one whose main calls [Tether]; scratch goes
// when the tether is cut.
func newTether(program, scratch string, guest *exec.Cmd) (*tether, error) {
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
	cmd := exec.Command(program, append([]string{TetherCommand, scratch}, guest.Args...)...)
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

// Tether is the process itself: args are a directory and the guest's command line.
func Tether(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("%s wants a directory and a command", TetherCommand)
	}
	defer os.RemoveAll(args[0])
	cmd := exec.Command(args[1], args[2:]...)
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

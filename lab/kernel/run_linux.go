package kernel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/lab99/lab99/lab/kernel/guest"
)

// BootUML runs a guest on user-mode Linux.
// Its error is ErrRegisters where a kernel cannot run on this processor.
func BootUML(ctx context.Context, u *Unpacked, job Job) (*Result, error) {
	r, err := boot(ctx, u, "/dev/ubda", func(initrd, disk, scratch string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(u.Dir, umlFile),
			fmt.Sprintf("mem=%dM", memory), "initrd="+initrd, "rdinit=/"+guest.Init, "ubd0="+disk,
			"con=null", "con0=null,fd:1", "con1=null", "ssl=null", "quiet", "panic=1", "uml_dir="+scratch, "umid=guest")
		cmd.Dir = u.Dir
		// The guest's memory is a file that it deletes at once, best in memory.
		cmd.Env = []string{
			"PATH=/usr/bin:/bin", "HOME=" + scratch, "TMPDIR=" + memoryDir(scratch), "LD_LIBRARY_PATH=" + u.Dir,
		}
		return cmd
	}, job)
	if err != nil && r != nil && tooManyRegisters(r.Console) {
		err = ErrRegisters
	}
	return r, err
}

// ErrRegisters is of a user-mode Linux that has room for fewer registers than its host's
// processor has: ptrace() then gives and takes none of them, and the first process dies. Seen of
// Debian 12's (6.1) on processors with AMX, whose tiles alone are 8 KiB.
var ErrRegisters = errors.New("this user-mode Linux has no room for the registers of this processor (amx_tile in " +
	"/proc/cpuinfo): take a newer one, a kernel under qemu, or another machine")

// tooManyRegisters: the call that restores them is on the stack that a panic shows.
func tooManyRegisters(console []byte) bool {
	return bytes.Contains(console, []byte("Attempted to kill init")) &&
		bytes.Contains(console, []byte("put_fp_registers"))
}

// memoryDir is where a file lives in memory, if there is room.
func memoryDir(otherwise string) string {
	const shm = "/dev/shm"
	var s syscall.Statfs_t
	if err := syscall.Statfs(shm, &s); err != nil || int64(s.Bavail)*int64(s.Bsize) < memory<<20 {
		return otherwise
	}
	return shm
}

// BootQEMU runs a guest on a stock kernel.
func BootQEMU(ctx context.Context, e *Emulator, u *Unpacked, accelerator string, job Job) (*Result, error) {
	r, err := boot(ctx, u, "/dev/vda", func(initrd, disk, _ string) *exec.Cmd {
		cpu := "max"
		if accelerator == "kvm" {
			cpu = "host,-arch-capabilities" // virtual machines under virtual machines may not set them, and qemu aborts
		}
		cmd := exec.Command(e.Path, append(append([]string{}, e.Args...),
			"-accel", accelerator, "-cpu", cpu,
			"-smp", "1", // tracepoints under several emulated processors panicked a kernel once
			"-m", strconv.Itoa(memory), "-display", "none", "-monitor", "none", "-serial", "stdio",
			"-no-reboot", "-nodefaults", "-nic", "none",
			"-kernel", filepath.Join(u.Dir, imageFile), "-initrd", initrd,
			"-append", "console=ttyS0 quiet panic=-1 mitigations=off rdinit=/"+guest.Init,
			"-drive", "file="+disk+",format=raw,if=virtio")...)
		cmd.Dir, cmd.Env = e.Dir, e.environ()
		return cmd
	}, job)
	if r != nil {
		r.Accelerator = accelerator
	}
	return r, err
}

// Accelerator is how qemu runs a guest's instructions here: kvm where this user may
// make virtual machines, else tcg, which is software.
func Accelerator() string {
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return "tcg"
	}
	defer f.Close()
	const createVM = 0xae01 // KVM_CREATE_VM
	vm, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), createVM, 0)
	if errno != 0 {
		return "tcg"
	}
	syscall.Close(int(vm))
	return "kvm"
}

// RunHere runs the tasks on this machine's own kernel.
func RunHere(ctx context.Context, job Job) (*Result, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, job.Limit, fmt.Errorf("the tasks took more than %v", job.Limit))
	defer cancel()
	scratch, err := os.MkdirTemp("", "lab99-kernel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	disk := filepath.Join(scratch, "disk")
	f, err := os.Create(disk)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, err
	}
	tasks := make([]guest.Task, len(job.Tasks))
	for i, t := range job.Tasks {
		tasks[i] = t
		program := map[string]string{"/" + guest.Tool: job.Tool, "/" + guest.Init: job.Init}[t.Argv[0]]
		tasks[i].Argv = append([]string{program}, t.Argv[1:]...)
	}
	r := &Result{Kernel: unix.ByteSliceToString(u.Release[:])}
	started := time.Now()
	err = guest.Run(ctx, tasks, filepath.Join(scratch, "out"), f, func(format string, args ...any) {
		if word, rest, _ := strings.Cut(fmt.Sprintf(format, args...), " "); word == guest.WordTask && job.Say != nil {
			job.Say(rest)
		}
	})
	r.WallS = time.Since(started).Seconds()
	var diskErr error
	r.Tasks, diskErr = readDisk(disk)
	return r, errors.Join(err, diskErr)
}

// Keep writes what the tasks left into a directory.
func (r *Result) Keep(dir string) error {
	files := map[string][]byte{"console": r.Console}
	for name, t := range r.Tasks {
		files[filepath.Join(name, guest.StdoutFile)] = t.Stdout
		files[filepath.Join(name, guest.StderrFile)] = t.Stderr
		for file, data := range t.Files {
			files[filepath.Join(name, guest.FilesDir, file)] = data
		}
	}
	for name, data := range files {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("the guest names a file %q", name)
		}
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

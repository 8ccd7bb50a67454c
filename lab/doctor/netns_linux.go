package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// insideTimeout bounds a trial, which takes some tens of milliseconds.
const insideTimeout = 5 * time.Second

func readNamespaces(ctx context.Context, argv []string) NamespaceFacts {
	f := NamespaceFacts{Switches: map[string]string{}}
	for _, name := range []string{"kernel.unprivileged_userns_clone", "user.max_user_namespaces", "kernel.apparmor_restrict_unprivileged_userns"} {
		if b, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/")); err == nil {
			f.Switches[name] = strings.TrimSpace(string(b))
		}
	}
	own := uintptr(syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS)
	if os.Geteuid() == 0 {
		f.Direct = try(ctx, argv, &syscall.SysProcAttr{Cloneflags: own})
	}
	f.ByUser = try(ctx, argv, &syscall.SysProcAttr{
		Cloneflags:  own | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	})
	return f
}

// try runs Inside in namespaces of its own. They end with it.
func try(ctx context.Context, argv []string, attr *syscall.SysProcAttr) *Trial {
	ctx, cancel := context.WithTimeout(ctx, insideTimeout)
	defer cancel()
	t := new(Trial)
	attr.Pdeathsig = syscall.SIGKILL
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Args[0] = os.Args[0] // a program that goes by its name finds it
	cmd.SysProcAttr = attr
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &t.InsideFacts)
	}
	if err != nil {
		t.Err = oneLine(fmt.Sprintf("make namespaces: %v %s", err, complaint.String()))
	}
	return t
}

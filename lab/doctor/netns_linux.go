package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/driver/netns"
)

// insideTimeout bounds a trial, which takes some tens of milliseconds.
const insideTimeout = 5 * time.Second

func readNamespaces(ctx context.Context, argv []string) Namespaces {
	f := Namespaces{Hint: netns.Remedy()}
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
func try(ctx context.Context, argv []string, attr *syscall.SysProcAttr) *NamespaceProbe {
	ctx, cancel := context.WithTimeout(ctx, insideTimeout)
	defer cancel()
	t := new(NamespaceProbe)
	attr.Pdeathsig = syscall.SIGKILL
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Args[0] = os.Args[0] // a program that goes by its name finds it
	cmd.SysProcAttr = attr
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &t.Seen)
	}
	if err != nil {
		t.Err = format.OneLine(fmt.Sprintf("make namespaces: %v %s", err, complaint.String()))
	}
	return t
}

//go:build unix

package docker

import "syscall"

// ownSession keeps what happens to the terminal from a child.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

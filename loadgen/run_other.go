//go:build !linux

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
)

var theEngine = netEngine

// epollConn is what the epoll engine keeps of a connection.
type epollConn struct{}

func hold(context.Context, HeldConfig, *url.URL) (*Result, error) {
	return nil, fmt.Errorf("loadgen: %w", elsewhere())
}

func elsewhere() error {
	where := "a container or a virtual machine"
	if runtime.GOOS == "windows" {
		where = "WSL 2, " + where
	}
	return fmt.Errorf("holding connections needs Linux, and this is %s: run it in %s: %w",
		runtime.GOOS, where, errors.ErrUnsupported)
}

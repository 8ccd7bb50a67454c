//go:build !linux

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

func runLoad(context.Context, Config) (*Result, error) {
	where := "a container or a virtual machine"
	if runtime.GOOS == "windows" {
		where = "WSL 2, " + where
	}
	return nil, fmt.Errorf("loadgen: driving load needs Linux (epoll), and this is %s: run it in %s: %w", runtime.GOOS, where, errors.ErrUnsupported)
}

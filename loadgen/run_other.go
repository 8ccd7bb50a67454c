//go:build !linux

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
)

func runLoad(context.Context, Config) (*Result, error) { return nil, elsewhere() }

func hold(context.Context, HeldConfig, *url.URL) (*Result, error) { return nil, elsewhere() }

func elsewhere() error {
	where := "a container or a virtual machine"
	if runtime.GOOS == "windows" {
		where = "WSL 2, " + where
	}
	return fmt.Errorf("loadgen: driving load needs Linux (epoll), and this is %s: run it in %s: %w", runtime.GOOS, where, errors.ErrUnsupported)
}

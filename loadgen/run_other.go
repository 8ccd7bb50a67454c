//go:build !linux

package loadgen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

func runLoad(context.Context, Config) (*Result, error) {
	return nil, fmt.Errorf("loadgen: driving load needs Linux (epoll), this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

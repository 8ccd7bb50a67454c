//go:build !linux

package doctor

import (
	"context"
	"errors"
	"io"
)

// Elsewhere than on Linux there is the engine to look at, and little else.

func readNamespaces(context.Context, []string) NamespaceFacts {
	return NamespaceFacts{ByUser: &Trial{Err: "this is not Linux"}}
}

// Inside does nothing: there are no namespaces here.
func Inside(io.Writer) error { return errors.ErrUnsupported }

func kernelRelease() string { return "" }

func memory() int { return 0 }

func routes() ([]route, error) { return nil, nil }

func readConntrack() ConntrackFacts { return ConntrackFacts{} }

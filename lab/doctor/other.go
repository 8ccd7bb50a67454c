//go:build !linux

package doctor

import (
	"context"
	"errors"
	"io"

	"github.com/lab99/lab99/lab/driver/netns"
)

// Elsewhere than on Linux there is the engine to look at, and little else.

func readNamespaces(ctx context.Context, _ []string) NamespaceFacts {
	_, err := netns.New(ctx)
	f := NamespaceFacts{ByUser: &Trial{Err: "this is not Linux"}}
	f.Err, f.Hint = unfit(err)
	return f
}

// Inside does nothing: there are no namespaces here.
func Inside(io.Writer) error { return errors.ErrUnsupported }

func routes() ([]route, error) { return nil, nil }

func readConntrack() ConntrackFacts { return ConntrackFacts{} }

//go:build !linux

package doctor

import (
	"context"
	"errors"
	"io"
)

// Elsewhere than on Linux there is the engine to look at, and little else.

func readNamespaces(context.Context, []string) Namespaces {
	return Namespaces{
		ByUser: &NamespaceProbe{Err: "this is not Linux"}, Hint: "use a container engine, whose containers are Linux",
	}
}

// Inside does nothing: there are no namespaces here.
func Inside(io.Writer) error { return errors.ErrUnsupported }

func readConntrack() Conntrack { return Conntrack{} }

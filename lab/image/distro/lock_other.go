//go:build !unix

package distro

import "context"

// lock does nothing where there is no apt whose state to share.
func lock(context.Context, string) (func(), error) { return func() {}, nil }

package lab

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/lab/probe"
)

// countTries counts the connect() calls that fail in the proxy's network namespace, as the
// kernel sees them: a proxy may try several times for one request and log once, or not at
// all. netns is as probe.NetNS has it. Where they cannot be counted there is no such
// figure, and nothing else changes.
func (x *variantRun) countTries(netns string) (end func() *int64) {
	var inode uint64
	boot, link, _ := strings.Cut(netns, " ")
	here, _, _ := strings.Cut(probe.NetNS(), " ")
	n, _ := fmt.Sscanf(link, "net:[%d]", &inode)
	if x.o.Tries == nil || n != 1 || boot != here {
		return func() *int64 { return nil }
	}
	return x.o.Tries(inode)
}

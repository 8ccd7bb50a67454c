package probe

import (
	"fmt"
	"net"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Invariants are what must stay as it is around a server under load: the
// sysctls and addresses of the calling thread's network namespace, and room to
// write. Not for concurrent use.
type Invariants struct {
	more     []string
	sysctls  map[string]string
	addrs    []string
	writable string
	full     bool
}

// NewInvariants remembers how things are. The sysctls are those that always
// matter, and more; writable is a file of the server's as found from here, or
// empty.
func NewInvariants(more []string, writable string) (*Invariants, error) {
	addrs, err := addresses()
	if err != nil {
		return nil, err
	}
	return &Invariants{more: more, sysctls: watchedSysctls(more), addrs: addrs, writable: writable}, nil
}

// Changes says what is no longer as it was at the call before.
func (s *Invariants) Changes() ([]string, error) {
	addrs, err := addresses()
	if err != nil {
		return nil, err
	}
	sysctls := watchedSysctls(s.more)
	said := append(sysctlChanges(s.sysctls, sysctls), addressChanges(s.addrs, addrs)...)
	s.sysctls, s.addrs = sysctls, addrs
	if s.writable != "" && !s.full {
		// Once the server's processes are gone, so is the way to its files.
		var fs unix.Statfs_t
		if err := unix.Statfs(filepath.Dir(s.writable), &fs); err == nil && fs.Blocks > 0 && fs.Bavail == 0 {
			s.full = true
			said = append(said, "the disk filled: there was no room left for "+filepath.Base(s.writable))
		}
	}
	return said, nil
}

// addresses lists those the namespace can be reached at. Link-local ones come
// and go by themselves.
func addresses() ([]string, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	var list []string
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
			list = append(list, n.String())
		}
	}
	return list, nil
}

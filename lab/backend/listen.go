package backend

import (
	"net"
	"os"
)

// ListenUnix listens at a Unix-domain socket that every user may connect to:
// nginx's workers may be another's.
func ListenUnix(path string) (net.Listener, error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o666); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

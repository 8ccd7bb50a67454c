// Package memcached is memcached behind nginx: its command line, what it says of itself,
// and its image. It has no configuration file, and holds nothing when it starts: package
// upstream says what the lab puts there.
//
// It never closes a connection before its client does.
package memcached

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/scenarios"
)

// Kind is memcached as a backend.
type Kind struct{}

func init() { proxy.RegisterBackend(Kind{}, nil, "memcached:1.6") }

// Name is the word for it in scenario files.
func (Kind) Name() string { return "memcached" }

// Speaks is what it understands.
func (Kind) Speaks() string { return "memcached" }

// Configure makes its command line. -u root lets it stay what it is, and so needs no right.
func (Kind) Configure(v scenarios.Variant, at proxy.Site) (proxy.Config, error) {
	var listen []string
	for _, a := range proxy.BackendAt(at).BackendListen {
		listen = append(listen, a.String())
	}
	// One for each request under way, and for what nginx keeps.
	connections := max(1024, 2*v.Load.Connections+v.Proxy.Keepalive*v.Proxy.Workers)
	return proxy.Config{
		Command: []string{at.Program, "-u", "root", "-m", "16", "-t", "1", "-U", "0", "-c", strconv.Itoa(connections),
			"-l", strings.Join(listen, ",")},
	}, nil
}

var versionRE = regexp.MustCompile(`memcached (\d+\.\d+\.\d+)`)

// ReadBack asks for its version.
func (Kind) ReadBack(_ scenarios.Variant, _ proxy.Config, run proxy.Command) (proxy.Self, error) {
	build, err := run("-V")
	return proxy.Built(build, versionRE), err
}

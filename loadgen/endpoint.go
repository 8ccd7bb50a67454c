package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// endpoint is where connections go: an address, or a Unix-domain socket.
type endpoint struct {
	addr netip.AddrPort
	path string // of the socket; "" is addr. A leading @ is a name in the abstract namespace
}

func (e endpoint) network() string {
	if e.path != "" {
		return "unix"
	}
	return "tcp"
}

// address is e as package net dials it.
func (e endpoint) address() string {
	if e.path != "" {
		return e.path
	}
	return e.addr.String()
}

func (e endpoint) String() string {
	if e.path != "" {
		return "unix:" + e.path
	}
	return e.addr.String()
}

// joined names several.
func joined(all []endpoint) string {
	var s []string
	for _, e := range all {
		s = append(s, e.String())
	}
	return strings.Join(s, ", ")
}

// maxSocketPath is what a sockaddr_un has room for, its NUL included.
const maxSocketPath = 108

// locate finds the addresses of a target, all of a name, and refuses one that
// may not be loaded. A Unix-domain socket is on this host, like loopback.
func locate(ctx context.Context, c *Config, u *url.URL) ([]endpoint, error) {
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("want http://host:port/path or https://host:port/path")
	case u.User != nil:
		return nil, errors.New("credentials in a URL: send an Authorization header instead")
	}
	port := uint64(80)
	if u.Scheme == "https" {
		port = 443
	}
	if s := u.Port(); s != "" {
		var err error
		if port, err = strconv.ParseUint(s, 10, 16); err != nil || port == 0 {
			return nil, fmt.Errorf("port %q: want 1 to 65535", s)
		}
	}
	if c.Unix != "" {
		switch {
		case len(c.Unix) >= maxSocketPath:
			return nil, fmt.Errorf("socket %s: its path has %d bytes, at most %d are possible",
				c.Unix, len(c.Unix), maxSocketPath-1)
		case len(c.Sources) > 0:
			return nil, fmt.Errorf("socket %s: a Unix-domain socket is not connected to from a source address", c.Unix)
		}
		return []endpoint{{path: c.Unix}}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, err
	}
	for i, a := range addrs {
		addrs[i] = a.Unmap()
		if !allowed(addrs[i], c.Allow) {
			return nil, fmt.Errorf("%s is neither loopback nor among the allowed networks (%s): "+
				"a load generator does not fire at strangers", addrs[i], joinPrefixes(c.Allow))
		}
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() }) // IPv4 first
	var all []endpoint
	for _, a := range addrs {
		if e := (endpoint{addr: netip.AddrPortFrom(a, uint16(port))}); !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	return all, nil
}

// ofFamily leaves the endpoints that the sources can connect to.
func ofFamily(all []endpoint, sources []netip.Addr) ([]endpoint, error) {
	for i, s := range sources {
		if i > 0 && s.Unmap().Is4() != sources[0].Unmap().Is4() {
			return nil, fmt.Errorf("sources %s and %s are of different address families", sources[0], s)
		}
	}
	if len(sources) == 0 {
		return all, nil
	}
	v4 := sources[0].Unmap().Is4()
	fit := slices.DeleteFunc(slices.Clone(all), func(e endpoint) bool { return e.addr.Addr().Is4() != v4 })
	if len(fit) == 0 {
		return nil, fmt.Errorf("source %s is not of the address family of the target %s", sources[0], all[0])
	}
	return fit, nil
}

// reachTime bounds the look at the addresses of a name.
const reachTime = time.Second

// reach connects once to each of several addresses, and leaves out those that
// take no connection, saying why. HTTP clients go on to the next address then,
// and localhost, which is ::1 too, is often served at 127.0.0.1 alone. Where
// none takes one, all stay: that is for the load to show.
func (p *plan) reach(ctx context.Context) {
	if len(p.targets) < 2 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, min(reachTime, p.Timeout))
	defer cancel()
	why := make([]string, len(p.targets))
	var wg sync.WaitGroup
	for i, e := range p.targets {
		wg.Go(func() {
			nc, err := new(net.Dialer).DialContext(ctx, e.network(), e.address())
			if err != nil {
				why[i] = inWords(err)
				return
			}
			_ = nc.Close()
		})
	}
	wg.Wait()
	if !slices.Contains(why, "") {
		return
	}
	var fit []endpoint
	p.leftOut = make(map[string]string)
	for i, e := range p.targets {
		if why[i] == "" {
			fit = append(fit, e)
		} else {
			p.leftOut[e.String()] = why[i]
		}
	}
	p.targets = fit
}

// inWords is why a connection did not come about, without the address and the
// calls that failed on the way.
func inWords(err error) string {
	var e syscall.Errno
	switch {
	case errors.As(err, &e):
		return e.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return err.Error()
}

// allowed tells whether an address may be loaded.
func allowed(a netip.Addr, allow []netip.Prefix) bool {
	if a.IsLoopback() {
		return true
	}
	for _, p := range allow {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func joinPrefixes(ps []netip.Prefix) string {
	if len(ps) == 0 {
		return "none"
	}
	var s []string
	for _, p := range ps {
		s = append(s, p.String())
	}
	return strings.Join(s, ", ")
}

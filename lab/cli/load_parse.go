package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lab99/lab99/lab/clock"
	"github.com/lab99/lab99/loadgen"
)

// parseStart reads a moment as one of CLOCK_MONOTONIC; 0 is none.
func parseStart(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		seconds, err := strconv.ParseFloat(s, 64)
		if err != nil || !(seconds > 0 && seconds < 1e11) {
			return 0, fmt.Errorf("%q: want a moment like 2026-11-23T05:00:00Z, or seconds since 1970", s)
		}
		at = time.Unix(0, int64(seconds*1e9))
	}
	ahead := time.Until(at)
	switch {
	case ahead <= 0:
		return 0, fmt.Errorf("%s was %v ago", s, -ahead.Round(time.Millisecond))
	case ahead > loadgen.MaxDuration:
		return 0, fmt.Errorf("%s is %v away, more than %v", s, ahead.Round(time.Second), loadgen.MaxDuration)
	}
	return clock.Mono() + int64(ahead), nil
}

// maxSources bounds what a CIDR may stand for.
const maxSources = 1 << 16

// parseSources reads addresses and networks. Of an IPv4 network the first and
// last addresses are left out, as they belong to no host; but all of 127/8 are
// this one.
func parseSources(s string) ([]netip.Addr, error) {
	if s == "" {
		return nil, nil
	}
	var all []netip.Addr
	for word := range strings.SplitSeq(s, ",") {
		word = strings.TrimSpace(word)
		if a, err := netip.ParseAddr(word); err == nil {
			all = append(all, a)
			continue
		}
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, fmt.Errorf("%q: want addresses or networks of this host, such as 127.0.0.2,127.0.0.3 "+
				"or 127.0.1.0/28",
				word)
		}
		p = p.Masked()
		if p.Addr().BitLen()-p.Bits() > 16 {
			return nil, fmt.Errorf("%s: more than %d addresses", p, maxSources)
		}
		var in []netip.Addr
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			in = append(in, a)
		}
		if p.Addr().Is4() && len(in) > 2 && !p.Addr().IsLoopback() {
			in = in[1 : len(in)-1]
		}
		all = append(all, in...)
	}
	if len(all) > maxSources {
		return nil, fmt.Errorf("%d addresses, more than %d", len(all), maxSources)
	}
	return all, nil
}

// stopCauses are what a --stop may name, besides errnos.
var stopCauses = []string{
	"any", loadgen.CauseNoPorts, loadgen.CauseRefused, loadgen.CauseConnTimeout, loadgen.CauseTLS,
	loadgen.CauseNoFiles, loadgen.CauseReset, loadgen.CauseTimeout, loadgen.CauseStaleReuse,
	loadgen.CauseEmptyReply, loadgen.CauseShortHeader, loadgen.CauseShortBody, loadgen.CauseBadResponse,
	loadgen.CauseHeaderSize, loadgen.CauseExcess, loadgen.CauseSwitched,
	loadgen.Cause4xx, loadgen.Cause5xx, loadgen.CauseStatusOther,
}

// checkCause refuses what can never be a cause: a stop on a misspelt one would
// never come.
func checkCause(name string) error {
	errno := strings.TrimPrefix(strings.TrimPrefix(name, "connect: "), "socket: ")
	if slices.Contains(stopCauses, name) || strings.HasPrefix(errno, "E") && errno == strings.ToUpper(errno) {
		return nil
	}
	return fmt.Errorf("no cause %q: want one of %s; or an errno as in \"connect: EHOSTUNREACH\"", name,
		strings.Join(stopCauses, ", "))
}

// stopForm is CAUSE[:COUNT[:AFTER]]. Causes have colons of their own.
var stopForm = regexp.MustCompile(`^(.+?)(?::(?:(\d+)|([0-9.]+)%(?:/([^:]+))?)(?::([^:]+))?)?$`)

func parseStops(words []string) ([]loadgen.Stop, error) {
	var stops []loadgen.Stop
	for _, word := range words {
		m := stopForm.FindStringSubmatch(word)
		if m == nil {
			return nil, fmt.Errorf("%q: want CAUSE[:COUNT[:AFTER]]", word)
		}
		s := loadgen.Stop{Cause: m[1]}
		if err := checkCause(s.Cause); err != nil {
			return nil, fmt.Errorf("%q: %w", word, err)
		}
		if s.Cause == "any" {
			s.Cause = ""
		}
		var err error
		if m[2] != "" {
			s.Count, err = strconv.ParseInt(m[2], 10, 64)
		}
		if m[3] != "" && err == nil {
			s.Share, err = strconv.ParseFloat(m[3], 64)
			if s.Share /= 100; err == nil && !(s.Share > 0 && s.Share < 1) {
				err = fmt.Errorf("a share of %s %%: want over 0 to below 100", m[3])
			}
		}
		if m[4] != "" && err == nil {
			s.Window, err = time.ParseDuration(m[4])
		}
		if m[5] != "" && err == nil {
			s.After, err = time.ParseDuration(m[5])
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", word, err)
		}
		stops = append(stops, s)
	}
	return stops, nil
}

// parseMix reads "[WEIGHT] [METHOD] /path".
func parseMix(words []string) ([]loadgen.Request, error) {
	var mix []loadgen.Request
	for _, word := range words {
		r, err := parseRequest(word, nil)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", word, err)
		}
		mix = append(mix, r)
	}
	return mix, nil
}

// parseRequest reads one of them. Where a base is given, the path may be a whole
// URL of its host.
func parseRequest(word string, base *url.URL) (r loadgen.Request, err error) {
	f := strings.Fields(word)
	if len(f) > 0 {
		r.Path, f = f[len(f)-1], f[:len(f)-1]
	}
	if len(f) > 0 {
		if w, err := strconv.Atoi(f[0]); err == nil && w > 0 {
			r.Weight, f = w, f[1:]
		}
	}
	if len(f) > 0 {
		r.Method, f = f[0], f[1:]
	}
	if u, err := url.Parse(r.Path); base != nil && err == nil && u.Scheme != "" && u.Host != "" {
		if u.Scheme != base.Scheme || u.Host != base.Host {
			return r, fmt.Errorf("one load has one host, and this is not of %s://%s", base.Scheme, base.Host)
		}
		r.Path = u.RequestURI()
	}
	if len(f) > 0 || !strings.HasPrefix(r.Path, "/") {
		return r, errors.New("want [WEIGHT] [METHOD] /path, as in \"3 GET /a\"")
	}
	return r, nil
}

// permit turns what may be loaded into networks, and refuses a target that is
// neither among them nor loopback.
func permit(ctx context.Context, target, socket string, allow []string) ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, a := range allow {
		if p, err := netip.ParsePrefix(a); err == nil {
			nets = append(nets, p.Masked())
			continue
		}
		addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", a)
		if err != nil {
			return nil, orFlag("--allow-target", err)
		}
		for _, addr := range addrs {
			addr = addr.Unmap()
			nets = append(nets, netip.PrefixFrom(addr, addr.BitLen()))
		}
	}
	u, err := url.Parse(target)
	if err != nil || u.Hostname() == "" || socket != "" {
		return nets, nil // package loadgen says what is wrong with it; a socket is of this host
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, &usageError{"the target: " + err.Error()}
	}
	for _, addr := range addrs {
		addr = addr.Unmap()
		allowed := addr.IsLoopback()
		for _, p := range nets {
			allowed = allowed || p.Contains(addr)
		}
		if !allowed {
			return nil, &usageError{fmt.Sprintf("%s is %s, which is not this machine, "+
				"and a load generator does not fire at strangers\n"+
				"  If it is yours to load, add --allow-target %s", u.Hostname(), addr, u.Hostname())}
		}
	}
	return nets, nil
}

package loadgen

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// wire is a request as it goes on the wire.
type wire struct {
	bytes  []byte
	toHEAD bool // the response has no body
}

// renderAll renders the requests of a run, and the order in which they recur.
func renderAll(c *Config, u *url.URL) (wires []wire, pattern []uint16, err error) {
	mix := c.Mix
	if len(mix) == 0 {
		mix = []Request{{Method: c.Method, Body: c.Body}}
	}
	weights := make([]int, len(mix))
	for i, r := range mix {
		if r.Path == "" {
			r.Path = u.RequestURI()
		}
		b, err := render(c, u, &r)
		if err != nil {
			return nil, nil, err
		}
		wires = append(wires, wire{b, r.Method == "HEAD"})
		weights[i] = max(r.Weight, 1)
	}
	pattern, err = interleave(weights)
	return wires, pattern, err
}

// interleave spreads each index over a cycle in proportion to its weight: smooth
// weighted round-robin, as nginx balances.
func interleave(weights []int) ([]uint16, error) {
	total := 0
	for _, w := range weights {
		total += w
	}
	if total > 10_000 {
		return nil, fmt.Errorf("mix: its weights add up to %d, want at most 10000", total)
	}
	pattern, credit := make([]uint16, total), make([]int, len(weights))
	for n := range pattern {
		best := 0
		for i, w := range weights {
			if credit[i] += w; credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= total
		pattern[n] = uint16(best)
	}
	return pattern, nil
}

// render writes one request.
func render(c *Config, u *url.URL, r *Request) ([]byte, error) {
	var b strings.Builder
	method := r.Method
	if method == "" {
		method = "GET"
	}
	if !isToken(method) || method == "CONNECT" {
		return nil, fmt.Errorf("method %q: want an HTTP method other than CONNECT", method)
	}
	host := c.Host
	if host == "" {
		host = u.Host
	}
	if host == "" || strings.ContainsAny(host, "\r\n \t") {
		return nil, fmt.Errorf("host %q: not a Host header", host)
	}
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsFunc(r.Path, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return nil, fmt.Errorf("path %q: want one from /, escaped", r.Path)
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, r.Path, host)
	agent, length := true, true
	for _, h := range slices.Concat(c.Header, r.Header) {
		name, value, ok := strings.Cut(h, ":")
		if !ok || !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("header %q: want \"Name: value\"", h)
		}
		switch strings.ToLower(name) {
		case "host":
			return nil, fmt.Errorf("header %q: set Host instead", h)
		case "transfer-encoding":
			return nil, fmt.Errorf("header %q: bodies are sent with their Content-Length", h)
		case "user-agent":
			agent = false
		case "content-length":
			length = false
		}
		fmt.Fprintf(&b, "%s: %s\r\n", name, strings.TrimSpace(value))
	}
	if agent {
		name := cmp.Or(c.UserAgent, "lab99")
		if strings.ContainsAny(name, "\r\n\x00") {
			return nil, fmt.Errorf("user agent %q: want one line", name)
		}
		b.WriteString("User-Agent: " + name + "\r\n")
	}
	if length && (len(r.Body) > 0 || method == "POST" || method == "PUT" || method == "PATCH") {
		b.WriteString("Content-Length: " + strconv.Itoa(len(r.Body)) + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(r.Body)
	return []byte(b.String()), nil
}

func isToken(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
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

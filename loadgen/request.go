package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// wire is a request as it goes on the wire.
type wire struct {
	bytes  []byte
	toHEAD bool // the response has no body
	again  bool // the method is idempotent: it may be sent twice
}

// renderAll renders the requests of a run, and the order in which they recur.
func renderAll(c *Config, u *url.URL) (wires []wire, pattern []uint32, err error) {
	mix := c.Mix
	switch {
	case len(mix) > 0 && len(c.Bodies) > 0:
		return nil, nil, errors.New("bodies: the requests of a mix have each their own")
	case len(mix) > 0:
	case len(c.Bodies) > 0:
		for _, b := range c.Bodies {
			mix = append(mix, Request{Method: c.Method, Body: b})
		}
	default:
		mix = []Request{{Method: c.Method, Body: c.Body}}
	}
	weights, size := make([]int, len(mix)), 0
	for i, r := range mix {
		if r.Path == "" {
			r.Path = u.RequestURI()
		}
		b, err := render(c, u, &r)
		if err != nil {
			return nil, nil, err
		}
		if size += len(b); size > maxBody {
			return nil, nil, fmt.Errorf("the first %d of %d requests have over %d bytes, want at most that together",
				i+1, len(mix), maxBody)
		}
		wires = append(wires, wire{b, r.Method == "HEAD", idempotent(r.Method)})
		weights[i] = max(r.Weight, 1)
	}
	pattern, err = interleave(weights)
	return wires, pattern, err
}

// idempotent tells the methods that have no further effect when sent twice (RFC
// 9110, section 9.2.2).
func idempotent(method string) bool {
	return slices.Contains([]string{"", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"}, method)
}

// The bounds of interleave: what the pattern takes, and the steps to make it.
const (
	maxPattern = 1_000_000
	maxSteps   = 200_000_000
)

// interleave spreads each index over a cycle in proportion to its weight: smooth
// weighted round-robin, as nginx balances.
func interleave(weights []int) ([]uint32, error) {
	total, common := 0, 0
	for _, w := range weights {
		total += w
		for common, w = w, common; w != 0; {
			common, w = w, common%w
		}
	}
	if total /= common; total > maxPattern {
		return nil, fmt.Errorf("mix: its weights add up to %d, want at most %d", total, maxPattern)
	}
	if total > len(weights) && total*len(weights) > maxSteps {
		return nil, fmt.Errorf("mix: the weights of %d requests add up to %d: want at most %d, "+
			"or weights that are all alike",
			len(weights), total, maxSteps/len(weights))
	}
	pattern, credit := make([]uint32, total), make([]int, len(weights))
	for n := range pattern {
		if total == len(weights) { // all alike
			pattern[n] = uint32(n)
			continue
		}
		best := 0
		for i, w := range weights {
			if credit[i] += w / common; credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= total
		pattern[n] = uint32(best)
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
	headers := slices.Concat(c.Header, r.Header)
	host := cmp.Or(c.Host, u.Host)
	for _, h := range headers {
		if name, value, _ := strings.Cut(h, ":"); strings.EqualFold(name, "host") {
			host = strings.TrimSpace(value)
		}
	}
	if host == "" || strings.ContainsAny(host, "\r\n \t") {
		return nil, fmt.Errorf("host %q: not a Host header", host)
	}
	unseen := func(c rune) bool { return c <= ' ' || c == 0x7f }
	if !strings.HasPrefix(r.Path, "/") || strings.ContainsFunc(r.Path, unseen) {
		return nil, fmt.Errorf("path %q: want one from /, escaped", r.Path)
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, r.Path, host)
	agent := true
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || !isToken(name) || strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("header %q: want \"Name: value\"", h)
		}
		switch strings.ToLower(name) {
		case "host":
			continue // stands first
		case "transfer-encoding", "content-length":
			return nil, fmt.Errorf("header %q: leave it out, a body is sent with its own Content-Length", h)
		case "user-agent":
			agent = false
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
	if len(r.Body) > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
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

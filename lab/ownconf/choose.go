package ownconf

import (
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/lab99/lab99/scenarios/nginxconf"
	"k8s.io/utils/ptr"
)

// Choice is what answers a request, or the session of a stream server.
type Choice struct {
	Answer  nginxconf.Answer
	Routes  []*nginxconf.Route // none: no backend does; several: a variable decides
	Newer   []*nginxconf.Route // the same from 1.29.7 on, where the release is unknown
	Assumed []string           // what had to be taken for granted, a sentence each
	Also    []*nginxconf.Route // every such request goes there too: auth_request, mirror
}

// Choose follows a request for a path of a host, host:port or :port; "" is any
// server, which is the default one. Where plain HTTP gets no route, and no port
// is given, HTTPS is tried: most servers redirect to it.
func Choose(c *nginxconf.Config, release nginxconf.Release, host, path string) Choice {
	host, port := hostPort(host)
	if r := streamRoutes(c, release, host, port, path); r != nil {
		chosen := Choice{
			Answer: nginxconf.Answer{Kind: nginxconf.AnswerRoute, By: r[0].Pass, Server: r[0].Server},
			Routes: r,
		}
		for _, x := range r {
			if x.Newer != nil {
				chosen.Newer = append(chosen.Newer, x.Newer)
			}
		}
		return chosen
	}
	q := nginxconf.Request{Host: host, Port: port, Path: path}
	a := c.Select(release, q)
	if a.Kind != nginxconf.AnswerRoute && port == 0 {
		tls := q
		tls.Scheme = "https"
		if b := c.Select(release, tls); b.Kind == nginxconf.AnswerRoute {
			b.Assumed = append([]string{fmt.Sprintf("clients use HTTPS: by plain HTTP %s", a)}, b.Assumed...)
			q, a = tls, b
		}
	}
	chosen := Choice{Answer: a, Routes: a.Routes, Assumed: a.Assumed, Also: a.Also}
	if _, known := release.AtLeast(nginxconf.Pooling); !known {
		for i, r := range c.Select(nginxconf.Pooling, q).Routes {
			if i < len(a.Routes) && differ(a.Routes[i], r) {
				chosen.Newer = append(chosen.Newer, r)
			}
		}
	}
	return chosen
}

// differ says whether two routes tell the laws something else.
func differ(a, b *nginxconf.Route) bool {
	share := func(r *nginxconf.Route) float64 { return ptr.Deref(r.CloseShare, -1) }
	pool := func(r *nginxconf.Route) int { // what is not used is no pool
		if r.Pool.State != nginxconf.PoolWorks {
			return 0
		}
		return r.Pool.Size
	}
	return share(a) != share(b) || pool(a) != pool(b) || a.HTTPVersion != b.HTTPVersion
}

func hostPort(s string) (host string, port int) {
	h, p, err := net.SplitHostPort(s)
	if err != nil {
		return s, 0
	}
	port, _ = strconv.Atoi(p)
	return h, port
}

// streamRoutes are those of the stream server that listens at a port, or of the
// only server where a file has no other route; nil: HTTP answers.
func streamRoutes(
	c *nginxconf.Config, release nginxconf.Release, host string, port int, path string,
) []*nginxconf.Route {
	all := c.Routes(release)
	streams := slices.DeleteFunc(slices.Clone(all), func(r *nginxconf.Route) bool { return !r.Server.Stream })
	if len(streams) == 0 {
		return nil
	}
	if port > 0 {
		at := slices.DeleteFunc(streams, func(r *nginxconf.Route) bool {
			return !slices.ContainsFunc(r.Server.Listens, func(l nginxconf.Listen) bool {
				return l.Port == port && (host == "" || l.Address == "*" || l.Address == host)
			})
		})
		if len(at) == 0 {
			return nil
		}
		return at
	}
	only := !slices.ContainsFunc(all, func(r *nginxconf.Route) bool { return r.Server != streams[0].Server })
	if only && host == "" && (path == "" || path == "/") {
		return streams
	}
	return nil
}

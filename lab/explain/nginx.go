package explain

import (
	"strings"

	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy/nginx"
)

// nginxDialect leaves nginx's phrases to the package that the labs read them with.
var nginxDialect = dialect{
	name: "nginx",
	read: readNginx,
	own:  own{setsSource: " (proxy_bind)", setsFiles: ", worker_rlimit_nofile", takesOut: " (fail_timeout, 10 s)"},
}

func readNginx(rec record) (Reading, bool) {
	f, class := nginx.FailureOf([]byte(rec.text))
	r := Reading{Errno: f.Errno, Destination: f.Upstream}
	switch {
	case class == probe.ClassForeign:
		return r, false
	case class == probe.ClassNotice:
		return Reading{Call: CallOther}, true // nothing failed
	case f.Listen:
		r.Call, r.Source, r.Destination = CallListen, f.Peer, ""
	case f.Call == "bind":
		r.Call, r.Source = CallBind, f.Peer
	case class == probe.ClassError99, f.Call == "connect":
		r.Call = CallConnect
		if f.Peer != "" {
			r.Destination = f.Peer
		}
	case class == probe.ClassNoLiveUpstreams:
		r.Call, r.Peers, r.Destination = CallNone, f.Upstream, ""
	case class == probe.ClassOwnLimit:
		r.Call = CallSocket
	case class == probe.ClassTimedOut && strings.HasPrefix(f.Doing, "connecting to upstream"):
		r.Call = CallConnect
	default:
		r.Call = CallOther
	}
	return r, true
}

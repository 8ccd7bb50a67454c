package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/loadgen"
)

// hints are the next steps that a result asks for, in the flags of this command.
func (o *loadOptions) hints(r *loadgen.Result) (all []string) {
	hint := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	failedToConnect := false
	for cause := range r.Causes {
		failedToConnect = failedToConnect || strings.HasPrefix(cause, "connect: ")
	}
	if next := connectHint(r.ConnectWhy); failedToConnect && next != "" {
		hint("%s", next)
	}
	if o.http2 {
		hint("The target speaks HTTP/2 only, as it answers a greeting in it: lab99 load speaks HTTP/1.1 only.")
	}
	if status := redirected(r); status != 0 {
		hint("Every answer is a redirect (%d), and none is followed: load the address that it leads to, "+
			"which --debug shows.", status)
	}
	switch n := r.ClosesAfter; {
	case n > 0:
		every := "every response"
		if n > 1 {
			every = fmt.Sprintf("%d responses", n)
		}
		hint("The server closes each connection after %s without saying so (Connection: close): "+
			"--close-after %d expects it.", every, n)
		if r.ReuseEnded > 0 && !o.config.RetryStale {
			hint("--retry-stale sends a request once more whose connection ended so, as HTTP clients do.")
		}
	case r.ReuseEnded > 0 && !o.config.RetryStale:
		hint("Connections ended as they were used again: --retry-stale sends such a request once more, " +
			"as HTTP clients do.")
	}
	return all
}

// redirected is the status of a load whose successes are all redirects; 0: they are not.
func redirected(r *loadgen.Result) (status int) {
	redirects := int64(0)
	for s, n := range r.Status {
		switch s {
		case 301, 302, 303, 307, 308:
			redirects, status = redirects+n, max(status, s)
		}
	}
	if r.OK == 0 || redirects < r.OK {
		return 0
	}
	return status
}

// connectHint is the next step where no connection came about; "" knows none.
func connectHint(why string) string {
	switch {
	case strings.Contains(why, "x509:") && strings.Contains(why, "valid for"):
		return "The certificate is for another name: --host NAME verifies that one, --insecure verifies none."
	case strings.Contains(why, "x509:"):
		return "--insecure does not verify the certificate, if it is meant to be as it is."
	case strings.Contains(why, "does not look like a TLS handshake"):
		return "The target speaks no TLS there: try http:// instead of https://."
	case strings.Contains(why, "tls: certificate required"), strings.Contains(why, "tls: bad certificate"),
		strings.Contains(why, "tls: handshake failure"):
		return "The server may want a certificate of the client's, which lab99 load does not offer."
	case strings.Contains(why, "no application protocol"):
		return "The target may speak HTTP/2 only: lab99 load speaks HTTP/1.1 only."
	}
	return ""
}

// askHTTP2 greets a target in HTTP/2 that ended every connection without a byte:
// some that speak nothing else do.
func (o *loadOptions) askHTTP2(ctx context.Context, r *loadgen.Result) {
	silent := r.OK == 0 && r.Failed > 0 && r.BytesReceived == 0 && r.ConnectionsOpened > 0
	gone := r.Causes[loadgen.CauseReset] + r.Causes[loadgen.CauseEmptyReply]
	if silent && gone > 0 && ctx.Err() == nil {
		o.http2 = loadgen.SpeaksHTTP2(ctx, o.config)
	}
}

// nothing says of a load without a single success what came instead.
func nothing(d *loadDocument) string {
	causes := format.ByCount(d.Causes)
	at := strings.Join(d.Addresses, ", ")
	if at == "" {
		at = d.URL
	}
	switch {
	case len(causes) > 0 || d.Unfinished == 0 || d.BytesReceived > 0:
	case d.ConnectionsOpened == 0:
		return "Nothing answered at " + at + ": no connection was open before the load ended."
	default:
		return "Nothing answered at " + at + ": it takes connections, and no response came before the load ended."
	}
	if d.BytesReceived > 0 || len(causes) == 0 {
		s := "No request succeeded"
		if len(causes) > 0 {
			s += ": " + causes[0]
			if len(causes) > 1 {
				s += " in most cases"
			}
			if causes[0] == loadgen.CauseBadResponse {
				s += ", " + d.BadWhy
			}
		}
		return s + "."
	}
	why := causes[0]
	switch {
	case why == loadgen.CauseTLS && d.ConnectWhy != "":
		return "No TLS connection came about with " + d.ConnectWhy + "."
	case strings.HasPrefix(why, "connect: ") && d.ConnectWhy != "":
		return "Nothing answered at " + d.ConnectWhy + "."
	case why == loadgen.CauseTimeout:
		why = "it takes connections, and no response came in time"
	case why == loadgen.CauseEmptyReply:
		why = "it closed each connection without a response"
	case why == loadgen.CauseReset:
		why = "it reset the connections"
	}
	return "Nothing answered at " + at + ": " + why + "."
}

package nginx

import (
	"bytes"
	"net/http"

	"github.com/lab99/lab99/lab/proxy"
)

// ReplyHeader is what the lab's template adds to each reply:
// "$upstream_addr connect=$upstream_connect_time".
func (Kind) ReplyHeader() string { return "X-Lab99-Upstream" }

// Cause reads it. A 502 after a connect that took no time at all ("-") never
// had a connection; a bare upstream name instead of an address means that
// nginx had no peer left to try.
func (Kind) Cause(status int, header []byte) string {
	if status != http.StatusBadGateway || len(header) == 0 {
		return ""
	}
	addr, took, _ := bytes.Cut(header, []byte(" connect="))
	if !bytes.ContainsRune(addr, ':') {
		return proxy.CauseNoLiveUpstreams
	}
	if bytes.HasSuffix(took, []byte("-")) { // with several tries the last one counts
		return proxy.CauseConnect
	}
	return ""
}

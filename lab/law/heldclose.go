package law

import (
	"fmt"
	"math"
)

// HeldCloser is who keeps TIME_WAIT after connections that were held. A proxy that passes
// bytes on closes towards one side when the other has closed: with the client first it is
// itself the first towards the backend, f = 1, and with the backend first never, f = 0.
// nginx does so in stream and after an upgrade alike (ngx_stream_proxy_process and
// ngx_http_upstream_process_upgraded, which end both sides at the first FIN;
// proxy_half_close, off by default, would wait for both).
// https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_half_close
var HeldCloser = Law{
	ID:      "held_close_share",
	Name:    "who closed first",
	Words:   "share that the proxy closed first",
	Figure:  "close_share",
	More:    MoreSevere,
	Compare: func(r Run) *Compared { return r.heldCloser() },
	Check: func(r Run) *Checked {
		c := r.heldCloser()
		if c == nil {
			return nil
		}
		return &Checked{
			OK: math.Abs(*c.Off()) <= c.Tolerance, Predicted: c.Predicted, Measured: c.Measured,
			Law:  fmt.Sprintf("f = 1 where the client closes first, 0 where the backend does, ± %g", closerTolerance),
			Text: fmt.Sprintf("predicted %g, measured %.3f", *c.Predicted, *c.Measured),
		}
	},
}

// closerTolerance is for what is between two looks at the sockets: open in one table, and
// closed in the other.
const closerTolerance = 0.02

func (r Run) heldCloser() *Compared {
	seen := r.Measured("close_share")
	if !r.Setup.Held() || seen == nil {
		return nil
	}
	return &Compared{Predicted: &r.Setup.CloseShare, Measured: seen, Tolerance: closerTolerance}
}

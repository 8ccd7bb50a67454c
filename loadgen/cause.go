package loadgen

import (
	"slices"
	"sync"
)

// Causes of failure. Names are stable. Besides these there are
// "connect: <ERRNO>" and "socket: <ERRNO>" for every other errno, "<ERRNO>" for
// an error on an established connection, and whatever Config.Classify returns.
const (
	CauseNoPorts     = "connect: EADDRNOTAVAIL" // this host has no source port left towards the target
	CauseRefused     = "connect: ECONNREFUSED"
	CauseConnTimeout = "connect: timeout" // not established within Config.Timeout
	CauseTLS         = "connect: TLS"     // the handshake failed: certificate, version, or the peer's refusal
	CauseNoFiles     = "socket: EMFILE"   // this process has no file descriptor left
	CauseReset       = "ECONNRESET"       // by the peer, of which nothing tells whether it had read the request
	CauseTimeout     = "timeout"          // no complete response within Config.Timeout
	CauseStaleReuse  = "stale reuse"      // the server had closed the kept-alive connection before it took the request
	CauseEmptyReply  = "empty reply"      // closed before the response's first byte, by a server that had the request
	CauseShortHeader = "short header"     // closed within the header
	CauseShortBody   = "short body"       // closed before the announced end of the body
	CauseBadResponse = "bad response"     // not HTTP/1.x, or malformed
	CauseHeaderSize  = "header too large" // more than 256 KiB of header or trailer
	CauseExcess      = "excess data"      // bytes after the end of the response, or of the bodiless one before
	CauseSwitched    = "status 1xx"       // a final 101: the protocol was switched unasked
	Cause4xx         = "status 4xx"
	Cause5xx         = "status 5xx"
	CauseStatusOther = "status other" // 600 and above
	CauseOther       = "other"        // the 65th and further distinct causes
)

// causeID is a cause as the loops count it: an index into an array.
type causeID uint8

const (
	causeNone causeID = iota
	causeOther
	causeNoPorts
	causeRefused
	causeConnTimeout
	causeTLS
	causeNoFiles
	causeReset
	causeTimeout
	causeStaleReuse
	causeEmptyReply
	causeShortHeader
	causeShortBody
	causeBadResponse
	causeHeaderSize
	causeExcess
	causeSwitched
	cause4xx
	cause5xx
	causeStatusOther
	builtinCauses

	maxCauses = 64
)

// causeTable gives names their IDs. Loops ask it only for a name new to them.
type causeTable struct {
	mu    sync.Mutex
	names []string
}

func newCauseTable() *causeTable {
	return &causeTable{names: []string{
		causeNone: "", causeOther: CauseOther,
		causeNoPorts: CauseNoPorts, causeRefused: CauseRefused, causeConnTimeout: CauseConnTimeout,
		causeTLS: CauseTLS, causeNoFiles: CauseNoFiles, causeReset: CauseReset, causeTimeout: CauseTimeout,
		causeStaleReuse: CauseStaleReuse, causeEmptyReply: CauseEmptyReply, causeShortHeader: CauseShortHeader,
		causeShortBody: CauseShortBody, causeBadResponse: CauseBadResponse, causeHeaderSize: CauseHeaderSize,
		causeExcess: CauseExcess, causeSwitched: CauseSwitched, cause4xx: Cause4xx, cause5xx: Cause5xx,
		causeStatusOther: CauseStatusOther,
	}}
}

// id interns a name.
func (t *causeTable) id(name string) causeID {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.names, name)
	switch {
	case i >= 0:
		return causeID(i)
	case len(t.names) == maxCauses:
		return causeOther
	}
	t.names = append(t.names, name)
	return causeID(len(t.names) - 1)
}

func (t *causeTable) name(id causeID) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.names[id]
}

// causes turns an array of counts into a map; zero counts are left out.
func (t *causeTable) causes(n *[maxCauses]int64) map[string]int64 {
	m := make(map[string]int64)
	for id, v := range n {
		if v != 0 {
			m[t.name(causeID(id))] = v
		}
	}
	return m
}

// statusCause is the cause of a status when Classify has no name for it.
func statusCause(status int) causeID {
	switch status / 100 {
	case 1:
		return causeSwitched
	case 4:
		return cause4xx
	case 5:
		return cause5xx
	}
	return causeStatusOther
}

package scenarios

import "time"

// Own is what a configuration of the user's own does to the connections of the
// load. A kind of proxy works it out; it stands in no scenario file.
type Own struct {
	// Answer says who answers the load, with file and line. Passed is false where
	// no backend does; Answer then says what would reach one.
	Answer string
	Passed bool
	Routes []string // all that the file passes on, a line each

	Release string // of the proxy that it is said for; "": unknown

	// Unknown says why the laws cannot be told what the route does; "" if they can.
	Unknown string

	Pool         string // what the file's pool does, a sentence; "": it has none
	Keepalive    int    // idle connections of a pool that works, per worker
	Requests     int    // on one connection, by nginx; 0: no limit
	IdleFor      time.Duration
	Race         bool    // who closes first is not settled
	CloseShare   float64 // f; in a race the worst case
	Peers        int     // of the group, with those of one address
	MaxFails     int
	FailTimeout  time.Duration
	NoRetry      bool
	Destinations int     // addresses and ports
	Heaviest     float64 // share of the requests that the most loaded of them gets
	Sources      int     // S
	Unix         bool    // no peer takes a port
	Loopback     bool    // in the user's file, the backend is on the proxy's own host
	Workers      int     // 0: one for each processor

	Cached string // what may answer in the backend's place; "": nothing
	Hidden string // what keeps a failed connect() from clients; "": nothing
}

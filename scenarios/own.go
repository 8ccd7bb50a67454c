package scenarios

import (
	"time"

	"github.com/lab99/lab99/lab/law"
)

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

	Wrong []string // what nginx would refuse, or what keeps it from a backend, a line each

	// Laws is what the route tells the laws: destinations, sources, pool, who closes
	// first, tries. The rest of it is empty.
	Laws law.Setup

	Closes   string        // why both ends close a connection; "": they do not
	Differs  string        // what would be otherwise with another release, where it is unknown; ""
	Pool     string        // what the file's pool does, a sentence; "": it has none
	IdleFor  time.Duration // how long a pooled connection may stay idle
	Servers  int           // addresses and ports in the file that get requests
	Binds    int           // source addresses that the file names
	Secure   bool          // the backend speaks TLS
	Unix     bool          // no peer takes a port
	Loopback bool          // in the user's file, the backend is on the proxy's own host
	Workers  int           // 0: one for each processor

	Cached  string // what may answer in the backend's place; "": nothing
	Limited string // what may turn requests away; "": nothing
	Hidden  string // what keeps a failed connect() from clients; "": nothing
}

package nginxconf

// A Share is how much of a route's requests a destination gets.
type Share struct {
	Destination string  // address and port, or unix:/path
	Share       float64 // of the requests, 0 to 1
	Unix        bool
	Loopback    bool
	Named       bool // a name, which may have several addresses
}

// Shares are the destinations that get requests while no peer has failed, in the
// order of the file. Where a key decides (ip_hash, hash), they are what many
// different keys give.
func (r *Route) Shares() []Share {
	if r.Upstream == nil {
		return nil
	}
	var all []Share
	destinations, shares := r.Upstream.shares()
	for _, d := range destinations {
		for _, p := range r.Upstream.up() {
			if p.Destination() == d {
				all = append(all, Share{d, shares[d], p.Unix, p.Loopback(), p.Named})
				break
			}
		}
	}
	return all
}

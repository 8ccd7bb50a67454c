package results

// Pool is what a report says of nginx's pool for passes of another protocol than HTTP.
type Pool struct {
	Lines string // all that it takes in nginx.conf: one of them alone may do nothing, or harm
	Risk  string // what may go wrong
}

var pools = map[string]Pool{}

// RegisterPool makes known what is to be said, by upstream.protocol. The lab does so for each
// protocol that it runs, so that this package knows none of them.
func RegisterPool(protocol string, p Pool) { pools[protocol] = p }

// PoolOver is what is to be said; false for HTTP.
func PoolOver(protocol string) (Pool, bool) {
	p, ok := pools[protocol]
	return p, ok
}

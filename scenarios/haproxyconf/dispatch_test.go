package haproxyconf

import "testing"

// What connections HAProxy 2.6.12 made for three requests of one client, and for one
// request each of four: a pool serves them with one.
func TestWhatKeepsConnections(t *testing.T) {
	for text, pooled := range map[string]bool{
		"server x 10.0.0.1:80":                                             true,
		"server x 10.0.0.1:80 pool-max-conn 0":                             false,
		"server x 10.0.0.1:80 pool-purge-delay 0":                          false,
		"server x 10.0.0.1:80 pool-purge-delay 0s":                         false,
		"server x 10.0.0.1:80 pool-purge-delay 5s":                         true,
		"server x 10.0.0.1:80 max-reuse 0":                                 true,
		"default-server pool-max-conn 0\n server x 10.0.0.1:80":            false,
		"server x 10.0.0.1:80 pool-max-conn 0\n server y 10.0.0.2:80":      true,
		"dispatch 10.0.0.1:80":                                             false,
		"dispatch 10.0.0.1:80\n server x 10.0.0.2:80":                      false,
		"balance roundrobin\n dispatch 10.0.0.1:80\n server x 10.0.0.2:80": true,
	} {
		b := parse(t, "listen l\n bind :80\n mode http\n http-reuse always\n "+text+"\n").Backends()[0]
		if got, why := b.Pooled(); got != pooled {
			t.Errorf("%s: pooled %t (%s), want %t", text, got, why, pooled)
		}
		if n, limited := b.Idle(); !pooled && (n != 0 || !limited) {
			t.Errorf("%s: %d idle connections, limited %t", text, n, limited)
		}
	}
}

// dispatch and option transparent stand in the place of servers.
func TestDispatch(t *testing.T) {
	for text, want := range map[string]string{
		"dispatch 10.0.0.1:80":                                              "10.0.0.1:80",
		"dispatch 10.0.0.1:80\n server x 10.0.0.2:80":                       "10.0.0.1:80",
		"balance source\n dispatch 10.0.0.1:80\n server x 10.0.0.2:80":      "10.0.0.2:80",
		"option transparent":                                                "*:(the client's)",
		"option transparent\n dispatch 10.0.0.1:80":                         "10.0.0.1:80",
		"option transparent\n no option transparent\n server x 10.0.0.2:80": "10.0.0.2:80",
	} {
		lanes := parse(t, "listen l\n bind :80\n "+text+"\n").Backends()[0].Lanes()
		if len(lanes) != 1 || lanes[0].Destination != want {
			t.Errorf("%s: %+v, want %s", text, lanes, want)
		}
	}
}

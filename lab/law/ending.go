package law

// Ending is who ends a connection of a protocol that nginx speaks to its backend, where
// no pool of nginx's keeps it. It is that of HTTP/1.1 (closeshare.go) for protocols whose
// replies have a length: nginx has them whole before the backend does anything, and
// closes. It is the other way round where nginx reads until the backend closes.
type Ending struct {
	CloseShare float64 // f

	// LeastShare and MostShare are the f that were measured where both ends close at once;
	// 0: f is CloseShare. What a run comes to is its outcome.
	LeastShare, MostShare float64

	// Stays says that the backend leaves it open, so that a pool has something to keep.
	Stays bool
}

// The endings of the protocols besides HTTP, with what nginx 1.22 and the backends of
// Debian 12 came to (docs/proxies.md).
var (
	// FastCGIEnds is that of FastCGI without FCGI_KEEP_CONN: the application closes after
	// its reply, and nginx reads up to there, so f = 0 and no pool has anything to keep.
	// https://fastcgi-archives.github.io/FastCGI_Specification.html §5.1
	FastCGIEnds = Ending{}

	// FastCGIKept is that with the flag: the application waits, nginx is done at
	// FCGI_END_REQUEST, and without a pool it closes.
	FastCGIKept = Ending{CloseShare: 1, Stays: true}

	// UWSGIEnds is that of the uwsgi protocol: one request a connection. uWSGI closes after
	// its reply, nginx as soon as it has as many bytes as the reply said.
	// https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html
	UWSGIEnds = Ending{CloseShare: 1, LeastShare: .04, MostShare: .15}

	// GRPCEnds is that of HTTP/2: a stream ends, and its connection stays (RFC 9113 §9.1).
	GRPCEnds = Ending{CloseShare: 1, Stays: true}

	// MemcachedEnds is that of memcached's protocol, in which a client says goodbye.
	// https://github.com/memcached/memcached/blob/master/doc/protocol.txt
	MemcachedEnds = Ending{CloseShare: 1, Stays: true}
)

// Races says whether f is an outcome.
func (e Ending) Races() bool { return e.MostShare > 0 }

// Over is a setup of nginx over a protocol with such an ending. No backend of these counts
// the requests of a connection.
func (s Setup) Over(e Ending) Setup {
	s.CloseShare, s.Race, s.RequestsPerConn = e.CloseShare, e.Races(), NginxRequests
	if !e.Stays {
		s.Keepalive, s.RequestsPerConn = 0, 0
	}
	return s
}

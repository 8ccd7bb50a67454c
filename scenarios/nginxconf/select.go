package nginxconf

import "cmp"

// A Request is what Select asks about. Empty fields have a plain client's
// values: GET / over http on port 80, without a Host.
type Request struct {
	Scheme  string // http or https
	Address string // local address the client connects to; "" for any
	Port    int
	Host    string
	Method  string
	Path    string // with ?query
	Header  map[string]string
}

// Kind of an answer.
type AnswerKind string

// What answers a request.
const (
	AnswerRoute  AnswerKind = "route"   // a backend
	AnswerReturn AnswerKind = "return"  // return, or a rewrite that redirects
	AnswerStatic AnswerKind = "static"  // a file, or 404 where it is not there
	AnswerDenied AnswerKind = "denied"  // deny, limit_except, internal
	AnswerModule AnswerKind = "module"  // stub_status, content_by_lua…
	AnswerNobody AnswerKind = "nobody"  // no server listens there
	AnswerLoop   AnswerKind = "loop"    // a cycle of internal redirects: nginx answers 500
	AnswerUnsure AnswerKind = "unknown" // a condition or regular expression that cannot be followed
)

// An Answer is who answers a request.
type Answer struct {
	Kind     AnswerKind
	Routes   []*Route // for AnswerRoute; several where a variable decides
	Server   *Server
	Location *Location
	By       *Directive // what answers: the pass, return, root …
	Status   int        // of return; 0 where it is not nginx that decides
	Text     string     // "/ is answered by return 200 (nginx.conf:4)"
	Assumed  []string   // what had to be assumed: "no file of try_files is there"
	URI      string     // after rewrites
}

func (r *Request) scheme() string            { return cmp.Or(r.Scheme, "http") }
func (r *Request) method() string            { return cmp.Or(r.Method, "GET") }
func (r *Request) header(name string) string { return r.Header[name] }

// Select follows a request through the configuration, as nginx does.
func (c *Config) Select(release Release, r Request) Answer { return Answer{Kind: AnswerNobody} }

package nginx

import (
	"bytes"
	"testing"

	"github.com/lab99/lab99/lab/probe"
)

const (
	stamp = "2026/11/23 04:42:27 "
	// streamTail is what stream has behind the message (ngx_stream_log_error and
	// ngx_stream_proxy_log_error): there is no request, and the count of bytes comes last.
	streamTail = `, client: 198.18.0.2, server: 198.18.0.1:8080, upstream: "198.18.0.3:80", bytes from/to client:0/0, ` +
		`bytes from/to upstream:0/0`
	tail = `, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", upstream: "http://198.18.0.3:80/", host: "lab"`
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		line    string
		want    probe.Class
		message string
	}{
		{stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
			"Cannot assign requested address) while connecting to upstream" + tail,
			probe.ClassError99, "[crit] connect() to … failed (99: " +
				"Cannot assign requested address) while connecting to upstream"},
		{stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
			"Address not available) while connecting to upstream" + tail, // musl
			probe.ClassError99, "[crit] connect() to … failed (99: Address not available) " +
				"while connecting to upstream"},
		{stamp + "[crit] 7#7: *42 connect() to [fd99::3]:80 failed (99: " +
			"Cannot assign requested address) while connecting to upstream" + tail,
			probe.ClassError99, "[crit] connect() to … failed (99: " +
				"Cannot assign requested address) while connecting to upstream"},
		{stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
			"Cannot assign requested address) while connecting to upstream" + streamTail,
			probe.ClassError99, "[crit] connect() to … failed (99: " +
				"Cannot assign requested address) while connecting to upstream"},
		{stamp + "[error] 7#7: *42 connect() failed (111: Connection refused) while connecting to upstream" + streamTail,
			probe.ClassRefused, "[error] connect() failed (111: Connection refused) while connecting to upstream"},
		{stamp + "[error] 7#7: *42 recv() failed (104: Connection reset by peer) while proxying and reading from upstream" + streamTail,
			probe.ClassReset, "[error] recv() failed (104: Connection reset by peer) while proxying " +
				"and reading from upstream"},
		{stamp + "[error] 7#7: *42 no live upstreams while connecting to upstream" + tail,
			probe.ClassNoLiveUpstreams, "[error] no live upstreams while connecting to upstream"},
		{stamp + "[error] 7#7: *42 connect() failed (111: Connection refused) while connecting to upstream" + tail,
			probe.ClassRefused, "[error] connect() failed (111: Connection refused) while connecting to upstream"},
		{stamp + "[error] 7#7: *42 recv() failed (104: " +
			"Connection reset by peer) while reading response header from upstream" + tail,
			probe.ClassReset, "[error] recv() failed (104: " +
				"Connection reset by peer) while reading response header from upstream"},
		{stamp + "[error] 7#7: *42 upstream timed out (110: Connection timed out) while connecting to upstream" + tail,
			probe.ClassTimedOut, "[error] upstream timed out (110: Connection timed out) while connecting to upstream"},
		{stamp + "[error] 7#7: *42 upstream prematurely closed connection while reading response header from upstream" + tail,
			probe.ClassPrematureClose, "[error] upstream prematurely closed connection while reading " +
				"response header from upstream"},
		{stamp + "[error] 7#7: *42 connect() to unix:/run/app.sock failed (11: " +
			"Resource temporarily unavailable) while connecting to upstream" + tail,
			probe.ClassRequest, "[error] connect() to … failed (11: " +
				"Resource temporarily unavailable) while connecting to upstream"},
		{stamp + "[crit] 7#7: *42 bind(198.18.0.9) failed (99: " +
			"Cannot assign requested address) while connecting to upstream" + tail,
			probe.ClassRequest, "[crit] bind(198.18.0.9) failed (99: " +
				"Cannot assign requested address) while connecting to upstream"},
		{stamp + "[alert] 7#7: *42 512 worker_connections are not enough while connecting to upstream" + tail,
			probe.ClassOwnLimit, "[alert] 512 worker_connections are not enough while connecting to upstream"},
		{stamp + "[alert] 7#7: 512 worker_connections are not enough", probe.ClassOwnLimit,
			"[alert] 512 worker_connections are not enough"},
		{stamp + "[alert] 7#7: *42 socket() failed (24: Too many open files) while connecting to upstream" + tail,
			probe.ClassOwnLimit, "[alert] socket() failed (24: Too many open files) while connecting to upstream"},
		{stamp + `[error] 7#7: *42 open() "/srv/upstream" failed (2: No such file or directory)` + tail,
			probe.ClassRequest, `[error] open() "/srv/upstream" failed (2: No such file or directory)`},
		// A request may quote anything.
		{stamp + `[error] 7#7: *42 access forbidden by rule, client: 1.2.3.4, server: , ` +
			`request: "GET /connect() to x failed (99: y HTTP/1.1"`,
			probe.ClassRequest, "[error] access forbidden by rule"},
		{stamp + "[info] 7#7: *42 client prematurely closed connection, so upstream connection is closed too while " +
			"sending request to upstream" + tail,
			probe.ClassNotice, "[info] client prematurely closed connection, " +
				"so upstream connection is closed too while sending request to upstream"},
		{stamp + "[warn] 7#7: *42 an upstream response is buffered to a temporary file while reading upstream" + tail,
			probe.ClassNotice, "[warn] an upstream response is buffered to a temporary file while reading upstream"},
		{stamp + "[notice] 1#1: start worker process 7", probe.ClassNotice, "[notice] start worker process 7"},
		{stamp + "[alert] 1#1: worker process 7 exited on signal 9", probe.ClassProcess,
			"[alert] worker process 7 exited on signal 9"},
		{stamp + "[alert] 7#7: *5 open socket #3 left in connection 4", probe.ClassProcess,
			"[alert] open socket #3 left in connection 4"},
		{stamp + "[crit] 7#7: accept4() failed (24: Too many open files)", probe.ClassOwnLimit,
			"[crit] accept4() failed (24: Too many open files)"},
		{"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)", probe.ClassForeign,
			"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)"},
		{"", probe.ClassForeign, ""},
	} {
		if got := (errorLog{}).Classify([]byte(c.line)); got != c.want {
			t.Errorf("%s\nis %v, want %v", c.line, got, c.want)
		}
		if got := string((errorLog{}).AppendMessage(nil, []byte(c.line))); got != c.message {
			t.Errorf("%s\nreads %q, want %q", c.line, got, c.message)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add([]byte(stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
		"Cannot assign requested address) while connecting to upstream" + tail))
	f.Add([]byte(stamp + "[error] 7#7: *42 no live upstreams while connecting to upstream" + tail))
	f.Add([]byte("2026/11/23 04:42:27 [] 1#1: *"))
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		class := errorLog{}.Classify(line)
		if class.String() == "unknown" {
			t.Errorf("class %d", class)
		}
		errorLog{}.AppendMessage(nil, line)
		if !bytes.Equal(before, line) {
			t.Error("the line was changed")
		}
		// What a client says about itself changes nothing.
		if class.OfRequest() && (errorLog{}).Classify(append(before, ` request: "connect() failed (99: "`...)) != class {
			t.Error("the end of the line changed its class")
		}
	})
}

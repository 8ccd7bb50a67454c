package probe

import (
	"bytes"
	"testing"
)

const (
	stamp = "2026/11/23 04:42:27 "
	tail  = `, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", upstream: "http://198.18.0.3:80/", host: "lab"`
)

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		line    string
		want    Class
		message string
	}{
		{stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: Cannot assign requested address) while connecting to upstream" + tail,
			ClassError99, "[crit] connect() to … failed (99: Cannot assign requested address) while connecting to upstream"},
		{stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: Address not available) while connecting to upstream" + tail, // musl
			ClassError99, "[crit] connect() to … failed (99: Address not available) while connecting to upstream"},
		{stamp + "[crit] 7#7: *42 connect() to [fd99::3]:80 failed (99: Cannot assign requested address) while connecting to upstream" + tail,
			ClassError99, "[crit] connect() to … failed (99: Cannot assign requested address) while connecting to upstream"},
		{stamp + "[error] 7#7: *42 no live upstreams while connecting to upstream" + tail,
			ClassNoLiveUpstreams, "[error] no live upstreams while connecting to upstream"},
		{stamp + "[error] 7#7: *42 connect() failed (111: Connection refused) while connecting to upstream" + tail,
			ClassRefused, "[error] connect() failed (111: Connection refused) while connecting to upstream"},
		{stamp + "[error] 7#7: *42 recv() failed (104: Connection reset by peer) while reading response header from upstream" + tail,
			ClassReset, "[error] recv() failed (104: Connection reset by peer) while reading response header from upstream"},
		{stamp + "[error] 7#7: *42 upstream timed out (110: Connection timed out) while connecting to upstream" + tail,
			ClassTimedOut, "[error] upstream timed out (110: Connection timed out) while connecting to upstream"},
		{stamp + "[error] 7#7: *42 upstream prematurely closed connection while reading response header from upstream" + tail,
			ClassPrematureClose, "[error] upstream prematurely closed connection while reading response header from upstream"},
		{stamp + "[error] 7#7: *42 connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable) while connecting to upstream" + tail,
			ClassRequest, "[error] connect() to … failed (11: Resource temporarily unavailable) while connecting to upstream"},
		{stamp + "[crit] 7#7: *42 bind(198.18.0.9) failed (99: Cannot assign requested address) while connecting to upstream" + tail,
			ClassRequest, "[crit] bind(198.18.0.9) failed (99: Cannot assign requested address) while connecting to upstream"},
		{stamp + "[alert] 7#7: *42 512 worker_connections are not enough while connecting to upstream" + tail,
			ClassOwnLimit, "[alert] 512 worker_connections are not enough while connecting to upstream"},
		{stamp + "[alert] 7#7: 512 worker_connections are not enough", ClassOwnLimit, "[alert] 512 worker_connections are not enough"},
		{stamp + "[alert] 7#7: *42 socket() failed (24: Too many open files) while connecting to upstream" + tail,
			ClassOwnLimit, "[alert] socket() failed (24: Too many open files) while connecting to upstream"},
		{stamp + `[error] 7#7: *42 open() "/srv/upstream" failed (2: No such file or directory)` + tail,
			ClassRequest, `[error] open() "/srv/upstream" failed (2: No such file or directory)`},
		// A request may quote anything.
		{stamp + `[error] 7#7: *42 access forbidden by rule, client: 1.2.3.4, server: , request: "GET /connect() to x failed (99: y HTTP/1.1"`,
			ClassRequest, "[error] access forbidden by rule"},
		{stamp + "[info] 7#7: *42 client prematurely closed connection, so upstream connection is closed too while sending request to upstream" + tail,
			ClassNotice, "[info] client prematurely closed connection, so upstream connection is closed too while sending request to upstream"},
		{stamp + "[warn] 7#7: *42 an upstream response is buffered to a temporary file while reading upstream" + tail,
			ClassNotice, "[warn] an upstream response is buffered to a temporary file while reading upstream"},
		{stamp + "[notice] 1#1: start worker process 7", ClassNotice, "[notice] start worker process 7"},
		{stamp + "[alert] 1#1: worker process 7 exited on signal 9", ClassProcess, "[alert] worker process 7 exited on signal 9"},
		{stamp + "[alert] 7#7: *5 open socket #3 left in connection 4", ClassProcess, "[alert] open socket #3 left in connection 4"},
		{stamp + "[crit] 7#7: accept4() failed (24: Too many open files)", ClassOwnLimit, "[crit] accept4() failed (24: Too many open files)"},
		{"nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)", ClassForeign, "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)"},
		{"", ClassForeign, ""},
	} {
		if got := Classify([]byte(c.line)); got != c.want {
			t.Errorf("%s\nis %v, want %v", c.line, got, c.want)
		}
		if got := string(appendMessage(nil, []byte(c.line))); got != c.message {
			t.Errorf("%s\nreads %q, want %q", c.line, got, c.message)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add([]byte(stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: Cannot assign requested address) while connecting to upstream" + tail))
	f.Add([]byte(stamp + "[error] 7#7: *42 no live upstreams while connecting to upstream" + tail))
	f.Add([]byte("2026/11/23 04:42:27 [] 1#1: *"))
	f.Fuzz(func(t *testing.T, line []byte) {
		before := bytes.Clone(line)
		class := Classify(line)
		if class >= classCount {
			t.Errorf("class %d", class)
		}
		appendMessage(nil, line)
		if !bytes.Equal(before, line) {
			t.Error("the line was changed")
		}
		// What a client says about itself changes nothing.
		if class.OfRequest() && Classify(append(before, ` request: "connect() failed (99: "`...)) != class {
			t.Error("the end of the line changed its class")
		}
	})
}

// FuzzTail: the same file counts the same, however the reads cut it, and every
// line is counted once.
func FuzzTail(f *testing.F) {
	line := stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: Cannot assign requested address) while connecting to upstream" + tail + "\n"
	f.Add([]byte(line+line+"\n"+stamp+"[alert] 1#1: worker process 7 exited on signal 9"), uint8(7))
	f.Add([]byte(line[:60]), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		whole, cut := NewTail("", 3), NewTail("", 3)
		whole.feed(b)
		whole.flush()
		for rest := b; len(rest) > 0; {
			n := min(len(rest), 1+int(step))
			cut.feed(rest[:n])
			rest = rest[n:]
		}
		cut.flush()
		if whole.counts != cut.counts || whole.first != cut.first {
			t.Errorf("whole %v, in pieces of %d %v", whole.counts, 1+int(step), cut.counts)
		}
		var lines, counted int64
		for _, l := range bytes.Split(b, []byte("\n")) {
			if len(l) > 0 {
				lines++
			}
		}
		for _, n := range whole.counts {
			counted += n
		}
		if counted != lines || int64(len(whole.ByMessage())) > maxMessages+1 {
			t.Errorf("%d lines, %d counted, %d kinds", lines, counted, len(whole.ByMessage()))
		}
	})
}

package backend

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// serve starts a server for the test's time and returns its address.
func serve(t *testing.T, s *Server) string {
	t.Helper()
	addr, _, _ := serveUntil(t, s)
	return addr
}

func serveUntil(t *testing.T, s *Server) (addr string, end context.CancelFunc, ended <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	done := make(chan struct{})
	go func() { served <- s.Serve(ctx, l); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return l.Addr().String(), cancel, served
}

func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	return c, bufio.NewReader(c)
}

// ask sends a request and reads its answer whole.
func ask(t *testing.T, c net.Conn, r *bufio.Reader, request, method string) (status int, body string, close bool) {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("answer to %q: %v", request, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Close
}

func TestWhoClosesAndWhen(t *testing.T) {
	const late = 300 * time.Millisecond
	http11 := "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, tc := range map[string]struct {
		server  *Server
		request string
		open    bool // the connection takes a second request
		says    bool // Connection: close
		late    time.Duration
	}{
		"HTTP/1.1": {&Server{KeepAlive: true}, http11, true, false, 0},
		"HTTP/1.0": {&Server{KeepAlive: true}, "GET / HTTP/1.0\r\n\r\n", false, true, 0},
		"Connection: close": {
			server:  &Server{KeepAlive: true},
			request: "GET / HTTP/1.1\r\nconnection: foo, Close\r\n\r\n",
			says:    true,
		},
		"no keep-alive":               {&Server{}, http11, false, true, 0},
		"one request each":            {&Server{KeepAlive: true, Requests: 1}, http11, false, true, 0},
		"two requests each":           {&Server{KeepAlive: true, Requests: 2}, http11, true, false, 0},
		"no keep-alive, closing late": {&Server{CloseDelay: late}, http11, false, true, late},
		"HTTP/1.0, closing late": {
			server:  &Server{KeepAlive: true, CloseDelay: late},
			request: "GET / HTTP/1.0\r\n\r\n",
			says:    true,
			late:    late,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, r := dial(t, serve(t, tc.server))
			status, body, close := ask(t, c, r, tc.request, "GET")
			if status != 200 || len(body) != 1024 || close != tc.says {
				t.Fatalf("status %d, %d bytes, Connection: close %v", status, len(body), close)
			}
			if tc.open {
				if status, _, _ := ask(t, c, r, tc.request, "GET"); status != 200 {
					t.Errorf("second request: status %d", status)
				}
				return
			}
			answered := time.Now()
			if b, err := r.ReadByte(); err != io.EOF {
				t.Fatalf("after the answer: byte %q, error %v; want a FIN", b, err)
			}
			// The answer is read a moment after it was sent, hence the slack below.
			if took := time.Since(answered); took < tc.late-50*time.Millisecond || took > tc.late+time.Second {
				t.Errorf("closed %v after the answer, want %v", took, tc.late)
			}
		})
	}
}

func TestTwoRequestsEachMeansTwo(t *testing.T) {
	c, r := dial(t, serve(t, &Server{KeepAlive: true, Requests: 2}))
	for n, want := range []bool{false, true} {
		if _, _, close := ask(t, c, r, "GET / HTTP/1.1\r\n\r\n", "GET"); close != want {
			t.Errorf("answer %d: Connection: close %v, want %v", n+1, close, want)
		}
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after two answers: %v, want a FIN", err)
	}
}

// TestFollowsThePeersFinLate: it is the FIN that comes late, not the answer.
func TestFollowsThePeersFinLate(t *testing.T) {
	const late = 300 * time.Millisecond
	c, r := dial(t, serve(t, &Server{KeepAlive: true, CloseDelay: late}))
	ask(t, c, r, "GET / HTTP/1.1\r\n\r\n", "GET")
	time.Sleep(late / 2) // idle; the clock starts at the FIN
	began := time.Now()
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	_, err := r.ReadByte()
	if took := time.Since(began); err != io.EOF || took < late || took > late+time.Second {
		t.Errorf("%v after %v, want a FIN after %v", err, took, late)
	}
}

func TestAnswersAfterTheDelay(t *testing.T) {
	const delay = 200 * time.Millisecond
	c, r := dial(t, serve(t, &Server{KeepAlive: true, Delay: delay}))
	for range 2 {
		began := time.Now()
		ask(t, c, r, "GET / HTTP/1.1\r\n\r\n", "GET")
		if took := time.Since(began); took < delay || took > delay+time.Second {
			t.Errorf("answered after %v, want %v", took, delay)
		}
	}
}

func TestFindsWhereARequestEnds(t *testing.T) {
	body := strings.Repeat("x", 100_000)
	long := "GET / HTTP/1.1\r\nCookie: " + strings.Repeat("c", 4000) + "\r\n\r\n"
	for name, tc := range map[string]struct {
		requests []string // each piece is written by itself
		answers  []string // methods of the requests
	}{
		"in pieces": {[]string{"GET / HT", "TP/1.1\r\nHost: a\r", "\n\r", "\n"}, []string{"GET"}},
		"pipelined": {
			[]string{"GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"},
			[]string{"GET", "HEAD", "GET"},
		},
		"body": {
			[]string{"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + body, "GET / HTTP/1.1\r\n\r\n"},
			[]string{"POST", "GET"},
		},
		"body in the head": {
			[]string{"POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nGET GET / HTTP/1.1\r\n\r\n"},
			[]string{"POST", "GET"},
		},
		"long head":   {[]string{long + long}, []string{"GET", "GET"}},
		"empty lines": {[]string{"\r\nGET / HTTP/1.1\r\n\r\n"}, []string{"GET"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, r := dial(t, serve(t, &Server{KeepAlive: true}))
			for _, piece := range tc.requests {
				if _, err := io.WriteString(c, piece); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Millisecond) // so that it is a segment of its own
			}
			for i, method := range tc.answers {
				if status, _, _ := ask(t, c, r, "", method); status != 200 {
					t.Errorf("answer %d: status %d", i+1, status)
				}
			}
		})
	}
}

func TestRefusesWhatItDoesNotRead(t *testing.T) {
	for request, want := range map[string]int{
		"PRI * HTTP/2.0\r\n\r\n":                                        400,
		"hello\r\n\r\n":                                                 400,
		"GET / HTTP/1.1\r\nno colon\r\n\r\n":                            400,
		"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n":                  400,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0":        501,
		"GET / HTTP/1.1\r\nA: " + strings.Repeat("a", maxHead):          431,
		"GET / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n": 400,
	} {
		c, r := dial(t, serve(t, &Server{KeepAlive: true}))
		if status, text, close := ask(t, c, r, request, "GET"); status != want || !close || text == "" {
			t.Errorf("%.40q: status %d, Connection: close %v, text %q; want %d", request, status, close, text, want)
		}
	}
}

// TestEndFinishesWhatIsUnderWay: idle connections go at once, and an answer
// that was on its way arrives.
func TestEndFinishesWhatIsUnderWay(t *testing.T) {
	addr, end, ended := serveUntil(t, &Server{KeepAlive: true, Delay: 300 * time.Millisecond})
	idle, idleReader := dial(t, addr)
	ask(t, idle, idleReader, "GET / HTTP/1.1\r\n\r\n", "GET")
	c, r := dial(t, addr)
	io.WriteString(c, "GET / HTTP/1.1\r\n\r\n")
	time.Sleep(100 * time.Millisecond) // it is being answered
	end()
	if _, err := idleReader.ReadByte(); err != io.EOF {
		t.Errorf("idle connection: %v, want a FIN", err)
	}
	select {
	case <-ended:
		t.Error("it left before its answer did")
	default:
	}
	if status, _, _ := ask(t, c, r, "", "GET"); status != 200 {
		t.Errorf("status %d", status)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Second):
		t.Error("it stays")
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("it still listens")
	}
}

func TestLostListenerIsAnError(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := new(Server).Serve(t.Context(), l); err == nil {
		t.Error("a listener that is closed is no error")
	}
}

// TestConnectionsAreCheap: a catalogue scenario parks 20,000 of them. Over
// Unix sockets, whose number no range of ports limits; both ends are this
// process's and in the figure.
func TestConnectionsAreCheap(t *testing.T) {
	const n = 4000
	l, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &Server{KeepAlive: true}
	go s.Serve(ctx, l)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range n {
		c, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Skip("this machine's limit of open files is too low: ", err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, len(response(true, false)))); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapInuse+after.StackInuse-before.HeapInuse-before.StackInuse) / n
	t.Logf("%.0f bytes each", each)
	if each > 12<<10 {
		t.Errorf("a connection costs %.0f bytes, want at most 12 KiB", each)
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nContent-Length: 10\r\nConnection: a, close")
	f.Add("POST /x HTTP/1.0")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := parseHead(text)
		if err == nil && (h.body < 0 || h.method == "") {
			t.Errorf("%q: %+v", text, h)
		}
	})
}

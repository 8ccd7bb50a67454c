package backend

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestGRPCAnswersAsTheProtocolHasIt: over HTTP/2 without TLS, with a status in the trailers,
// on a connection that stays.
func TestGRPCAnswersAsTheProtocolHasIt(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- GRPC{}.Serve(ctx, l) }()
	dials := 0
	tr := &http.Transport{
		Protocols: new(http.Protocols),
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}
	tr.Protocols.SetUnencryptedHTTP2(true)
	for range 3 {
		req, err := http.NewRequest(http.MethodPost, "http://"+l.Addr().String()+"/lab99.Pages/Get",
			bytes.NewReader(make([]byte, 5)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/grpc")
		req.Header.Set("TE", "trailers")
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK ||
			resp.Header.Get("Content-Type") != "application/grpc" ||
			resp.Trailer.Get("Grpc-Status") != "0" || !bytes.Equal(body, message) {
			t.Fatalf("%s %s %v, trailers %v, %d bytes, %v", resp.Proto, resp.Status, resp.Header, resp.Trailer, len(body), err)
		}
		// A length of the message behind its flag, a field of 1,024 bytes behind that.
		if body[0] != 0 || int(body[3])<<8+int(body[4]) != len(body)-5 || body[5] != 0x0a || len(body) != 5+1+2+1024 {
			t.Fatalf("framed as % x, %d bytes", body[:8], len(body))
		}
	}
	if dials != 1 {
		t.Errorf("%d connections for three calls", dials)
	}
	tr.CloseIdleConnections()
	cancel()
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it does not end")
	}
}

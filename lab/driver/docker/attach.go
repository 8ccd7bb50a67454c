package docker

import (
	"context"
	"io"

	"github.com/lab99/lab99/lab/crash"
	"github.com/lab99/lab99/lab/driver"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// stream is the attached standard streams of a container.
//
// Attach, not the log API nor testcontainers' log consumer: the consumer
// reopens the log every few seconds and loses lines at the seams. The stream
// must stay reachable for as long as the container is to live: collected as
// garbage, the connection closes, and a tether whose standard input closes
// takes the lab with it.
type stream struct {
	conn   client.HijackedResponse
	stdout *io.PipeReader
	tail   *driver.Tail // stderr, and of a server stdout too
	ended  chan struct{}
}

// attach connects to a container that has not started yet, so that not a
// byte is missed. With an agent behind it stdout is a pipe to be read; of a
// server only the tail of what it prints is kept. The context bounds the
// connecting, and the stream outlives it.
func attach(ctx context.Context, cli *client.Client, id string, isAgent bool) (*stream, error) {
	at, err := cli.ContainerAttach(ctx, id, client.ContainerAttachOptions{
		Stream: true,
		Stdin:  isAgent,
		Stdout: true,
		Stderr: true,
	})
	if err != nil {
		return nil, reasoned(ctx, cli, "/containers/"+id+"/attach?stream=1&stdout=1&stderr=1", "", err)
	}
	s := &stream{conn: at.HijackedResponse, tail: new(driver.Tail), ended: make(chan struct{})}
	var out io.Writer = s.tail
	var pw *io.PipeWriter
	if isAgent {
		s.stdout, pw = io.Pipe()
		out = pw
	}
	crash.Go(func() {
		defer close(s.ended)
		_, err := stdcopy.StdCopy(out, s.tail, s.conn.Reader)
		if pw != nil {
			pw.CloseWithError(err) // nil means EOF
		}
	})
	return s, nil
}

func (s *stream) Write(b []byte) (int, error) { return s.conn.Conn.Write(b) }

func (s *stream) close() {
	s.conn.Close()
	if s.stdout != nil {
		s.stdout.Close() // lets a copy into an unread pipe end
	}
}

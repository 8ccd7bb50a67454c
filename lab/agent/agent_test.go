package agent

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/lab99/lab99/results"
)

// pair connects a client with an agent through pipes.
func pair(t *testing.T, onSample func(Record)) (*Client, io.Closer, <-chan error) {
	t.Helper()
	cmdR, cmdW := io.Pipe()
	recR, recW := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := Serve(context.Background(), cmdR, recW, netip.Prefix{})
		recW.Close()
		served <- err
	}()
	t.Cleanup(func() { cmdW.Close(); recR.Close() })
	return NewClient("test", recR, cmdW, onSample), cmdW, served
}

func TestUnknownCommandIsAnswered(t *testing.T) {
	c, _, _ := pair(t, nil)
	_, err := c.Call(t.Context(), Command{})
	if err == nil || !strings.Contains(err.Error(), "different versions") {
		t.Errorf("error %v does not say what is wrong", err)
	}
}

func TestEndOfInputEndsTheAgent(t *testing.T) {
	c, stdin, served := pair(t, nil)
	stdin.Close()
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the agent outlives its input: the tether would not hold")
	}
	select {
	case <-c.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("the client does not notice")
	}
	if _, err := c.Call(t.Context(), Command{Stop: &Stop{}}); err == nil {
		t.Error("a call to an agent that is gone succeeds")
	}
}

// TestStopRightBehindLoad: both lines are there at once, and the stop counts.
func TestStopRightBehindLoad(t *testing.T) {
	r, w := io.Pipe()
	in := `{"id":1,"observe":{"destinations":[],"side":"proxy","server":["no-such-server"],"interval_ms":10}}` + "\n" +
		`{"id":2,"stop":{}}` + "\n"
	stdin, hold := io.Pipe()
	go func() {
		io.WriteString(hold, in)
	}()
	go Serve(context.Background(), stdin, w, netip.Prefix{})
	t.Cleanup(func() { hold.Close(); r.Close() })
	c := NewClient("test", r, io.Discard, func(Record) {})
	answer := make(chan Record, 1)
	c.mu.Lock()
	c.waiting[1] = answer
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	// Where nothing can be observed the answer is an error; it must come.
	if _, err := c.Wait(ctx, answer); errors.Is(err, context.DeadlineExceeded) {
		t.Error("the stop was lost")
	}
}

// TestBusyAgentLeavesAtOnce: a load that still drains does not hold the lab.
func TestBusyAgentLeavesAtOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, stdin, served := pair(t, func(Record) {})
	if _, err := c.Start(Command{Load: &Load{
		URL: "http://" + l.Addr().String() + "/", Connections: 2, RatePerS: 50, DurationS: 20, TimeoutS: 20, StartInMs: 50,
	}}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	began := time.Now()
	stdin.Close()
	select {
	case <-served:
	case <-time.After(10 * time.Second):
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v to leave", took)
	}
}

// TestLateStartIsTheMachinesFault: the order came when its time was over.
func TestLateStartIsTheMachinesFault(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, _, _ := pair(t, func(Record) {})
	_, err = c.Call(t.Context(), Command{Load: &Load{
		URL: "http://" + l.Addr().String() + "/", Connections: 1, RatePerS: 1, DurationS: 1, TimeoutS: 1, StartInMs: -1000,
	}})
	if !errors.As(err, new(*BusyError)) || !strings.Contains(err.Error(), "in the past") {
		t.Errorf("error %v", err)
	}
	if _, err := c.Call(t.Context(), Command{}); err == nil || errors.As(err, new(*BusyError)) {
		t.Errorf("error %v, and the machine is not to blame", err)
	}
}

func TestLostAgentFailsTheWait(t *testing.T) {
	r, w := io.Pipe()
	c := NewClient("test", r, io.Discard, nil)
	answer, err := c.Start(Command{Stop: &Stop{}})
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := c.Wait(t.Context(), answer); !errors.Is(err, ErrGone) {
		t.Errorf("error %v, want %v", err, ErrGone)
	}
}

func TestGapInTheNumbersIsAFault(t *testing.T) {
	for name, tc := range map[string]struct {
		stream string
		fault  string
	}{
		"whole":       {"{\"seq\":1}\n{\"seq\":2}\n", ""},
		"gap":         {"{\"seq\":1}\n{\"seq\":5}\n", "3 records were lost"},
		"first lost":  {"{\"seq\":2}\n", "1 records were lost"},
		"repeated":    {"{\"seq\":1}\n{\"seq\":1}\n", "record 1 came after 1"},
		"lost sample": {"{\"seq\":1,\"error\":\"NaN\"}\n", "NaN"},
		"not JSON":    {"{\"seq\":1}\nSIGSEGV\n", "is not a record"},
		"cut at once": {"{\"seq\":1}\n{\"se", ""}, // the end of the stream is noticed elsewhere
	} {
		t.Run(name, func(t *testing.T) {
			c := NewClient("test", strings.NewReader(tc.stream), io.Discard, nil)
			<-c.Done()
			err := c.Fault()
			if tc.fault == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.fault) {
				t.Errorf("fault %v, want %q", err, tc.fault)
			}
		})
	}
}

// TestStalledReaderLosesSamplesNotAnswers: the queue is full, samples are
// dropped, and yet the answer comes, with the gap that tells.
func TestStalledReaderLosesSamplesNotAnswers(t *testing.T) {
	s := newServer(2)
	for range 5 {
		s.sample(Record{Net: &results.Net{}})
	}
	r, w := io.Pipe()
	c := NewClient("test", r, io.Discard, func(Record) {})
	answer, err := c.Start(Command{Stop: &Stop{}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		go s.write(w)
		s.answer(Record{Re: 1})
	}()
	if _, err := c.Wait(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
	if err := c.Fault(); err == nil || !strings.Contains(err.Error(), "3 records were lost") {
		t.Errorf("fault %v, want 3 lost records", err)
	}
}

// TestSamplersDoNotWaitBehindAnAnswer: with nobody reading, an answer that
// finds the queue full must not hold up those who sample.
func TestSamplersDoNotWaitBehindAnAnswer(t *testing.T) {
	s := newServer(1)
	go s.answer(Record{Re: 1})
	go s.answer(Record{Re: 2})
	sampled := make(chan struct{})
	go func() {
		time.Sleep(50 * time.Millisecond) // both answers are under way
		s.sample(Record{Net: &results.Net{}})
		close(sampled)
	}()
	select {
	case <-sampled:
	case <-time.After(5 * time.Second):
		t.Fatal("a sample waits behind an answer")
	}
	if s.seq != 3 || len(s.queue) != 2 {
		t.Errorf("%d records numbered, %d queued; want 3 and 2: the sample is dropped and counted", s.seq, len(s.queue))
	}
}

func FuzzClientStream(f *testing.F) {
	f.Add("{\"seq\":1}\n{\"seq\":2,\"re\":1}\n")
	f.Add("{\"seq\":18446744073709551615}\n")
	f.Fuzz(func(t *testing.T, stream string) {
		var seen []uint64
		c := NewClient("test", strings.NewReader(stream), io.Discard, func(r Record) { seen = append(seen, r.Seq) })
		<-c.Done()
		if c.Fault() != nil {
			return
		}
		for i, seq := range seen {
			if seq != uint64(i)+1 {
				t.Fatalf("records %v have a gap, and it is no fault", seen)
			}
		}
	})
}

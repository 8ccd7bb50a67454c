package loadgen

import (
	"bytes"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// A relaxed loop wakes once a millisecond and reads what came meanwhile. Were
// the reading the end of a response, every service time would be that
// millisecond, less the send; the kernel's stamp has it as it was. The lowest
// tenth is looked at, because a busy machine makes the others longer.
func TestAnAnswerReadAfterANapKeepsItsTime(t *testing.T) {
	s := serve(t, always(okAnswer))
	r := mustRun(t, Config{
		URL:         s.url,
		Mode:        Relaxed,
		Connections: 16,
		Profile:     Constant(2000),
		Duration:    500 * time.Millisecond,
	})
	if got := quantile(r.Service, 10); got > 500*time.Microsecond {
		t.Errorf("service p10 %v, want well below the millisecond between two looks", got)
	}
}

// What the stamp may not do: put a response before its request, or after now.
func TestAStampOutOfItsTimeIsNotBelieved(t *testing.T) {
	s := &sockets{l: &loop{clock: must(newClock())}}
	s.compareClocks()
	now := s.l.now()
	c := &conn{service: now - 1000}
	for _, tt := range []struct {
		about string
		stamp int64 // CLOCK_MONOTONIC, from now
		want  func(at int64) bool
	}{
		{"before the request", -5000, func(at int64) bool { return at == c.service }},
		{"after the request", -500, func(at int64) bool { return at == now-500 }},
		{"in the future", int64(time.Hour), func(at int64) bool { return at > now && at-now < int64(time.Minute) }},
	} {
		s.stamps.last = now + tt.stamp + s.stamps.ahead
		if at := s.arrival(c); !tt.want(at) {
			t.Errorf("%s: %d ns from the request", tt.about, at-c.service)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A generator stopped for longer than its timeout finds the answers in its
// sockets when it goes on: they came in time, however many there are.
func TestAnswersThatCameDuringAPauseAreNoTimeouts(t *testing.T) {
	const env = "LOADGEN_URL"
	if url := os.Getenv(env); url != "" {
		r := mustRun(t, Config{
			URL:         url,
			Connections: 512,
			Profile:     Constant(2000),
			Duration:    time.Second,
			Timeout:     300 * time.Millisecond,
		})
		if n := r.Causes[CauseTimeout]; n > 0 || r.Dropped == 0 {
			t.Errorf("%d timeouts, %d dropped: %v", n, r.Dropped, r.Causes)
		}
		return
	}
	s := serve(t, func(p *peer) {
		for p.request() {
			time.Sleep(150 * time.Millisecond) // so that more are in flight than events are taken at a time
			p.say(okAnswer)
		}
	})
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), env+"="+s.url)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); s.requests.Load() < 200 && time.Since(began) < 5*time.Second; {
		time.Sleep(time.Millisecond)
	}
	_ = cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(600 * time.Millisecond)
	_ = cmd.Process.Signal(syscall.SIGCONT)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}

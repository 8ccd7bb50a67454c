package lab

import (
	"sync"
	"time"

	"github.com/lab99/lab99/lab/agent"
	"github.com/lab99/lab99/results"
)

// recorder takes the samples of all hosts of one variant, puts them on the
// load's clock and writes them as they come.
type recorder struct {
	file    *results.Lines
	onEvery func(results.Sample)

	mu      sync.Mutex
	startNs int64         // CLOCK_MONOTONIC of t = 0; 0: not yet known
	start   time.Time     // the same by this machine's wall clock, for people
	started chan struct{} // closed when both are known
	logged  chan struct{} // closed at the first sample with error 99 in the proxy's log
	born    time.Time     // of the recorder, on this machine's monotonic clock
	clocks  clocks
	seen99  bool      // logged is closed
	early   []pending // came before that
	shared  *shared   // adds up the samples of a load that several hosts share; nil: one has it
	all     []results.Sample
}

type pending struct {
	host string
	rec  agent.Record
}

func newRecorder(file *results.Lines, onEvery func(results.Sample)) *recorder {
	return &recorder{file: file, onEvery: onEvery, started: make(chan struct{}), logged: make(chan struct{}),
		born: time.Now(), clocks: clocks{}}
}

// take is called from one goroutine per host.
func (r *recorder) take(host string, rec agent.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clocks.take(host, rec.Mono, time.Since(r.born).Nanoseconds())
	if rec.Started != nil && host != results.HostLoad {
		return // it shares the load, and its own beginning is that of its share
	}
	if rec.Started != nil {
		r.startNs = rec.Started.StartNs
		r.start = time.Now().Add(time.Duration(r.startNs - rec.Mono))
		close(r.started)
		for _, p := range r.early {
			r.keep(p.host, p.rec)
		}
		r.early = nil
		return
	}
	if r.startNs == 0 {
		r.early = append(r.early, pending{host, rec})
		return
	}
	r.keep(host, rec)
}

func (r *recorder) keep(host string, rec agent.Record) {
	if rec.Load != nil && r.shared != nil {
		rec.Load = r.shared.take(host, time.Duration(rec.Mono-r.startNs), *rec.Load, rec.Latency)
		host = results.HostLoad
	}
	s := results.Sample{Seq: rec.Seq, Host: host, T: r.at(rec.Mono), Load: rec.Load, Neighbour: rec.Neighbour,
		Bystander: rec.Bystander, Net: rec.Net}
	if s.Load == nil && s.Neighbour == nil && s.Bystander == nil && s.Net == nil {
		return
	}
	r.write(s)
}

// write keeps a sample. r.mu is held.
func (r *recorder) write(s results.Sample) {
	if n := s.Net; n != nil && n.Log != nil && n.Log.Error99 > 0 && !r.seen99 {
		r.seen99 = true
		close(r.logged)
	}
	r.all = append(r.all, s)
	r.file.Write(s)
	r.onEvery(s)
}

// flush keeps what hosts that share the load have not come to the same moment with: they are
// done.
func (r *recorder) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shared != nil && r.shared.sum.Counts != (results.Counts{}) {
		r.write(results.Sample{
			Host: results.HostLoad,
			T:    r.shared.latest.Seconds(),
			Load: r.shared.whole(r.shared.latest),
		})
	}
}

// at puts a moment on the load's clock, in seconds to the microsecond.
func (r *recorder) at(monoNs int64) float64 { return float64((monoNs-r.startNs)/1000) / 1e6 }

// wall is a moment of the load's clock on the wall's.
func (r *recorder) wall(t float64) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.start.Add(time.Duration(t * float64(time.Second)))
}

// since is the wall's moment on the load's clock, nil before the load's start
// is fixed.
func (r *recorder) since(now time.Time) *float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.startNs == 0 {
		return nil
	}
	return new(now.Sub(r.start).Round(time.Millisecond).Seconds())
}

// clocksDisagree says which hosts' clocks do, "" if none.
func (r *recorder) clocksDisagree() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clocks.disagree()
}

// samples are those taken so far.
func (r *recorder) samples() []results.Sample {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[:len(r.all):len(r.all)]
}

// journal writes the events of one variant.
type journal struct {
	mu   sync.Mutex
	file *results.Lines
	rec  *recorder
}

// note writes an event that happened now.
func (j *journal) note(name, host, text string, took *time.Duration) {
	now := time.Now()
	e := results.Event{Time: stamp(now), T: j.rec.since(now), Name: name, Host: host, Text: text}
	if took != nil {
		e.TookS = new(took.Round(time.Millisecond).Seconds())
	}
	j.write(e)
}

// noteAt writes an event that happened at a moment of the load's clock, in
// seconds.
func (j *journal) noteAt(t float64, name, host, text string) {
	j.write(results.Event{Time: stamp(j.rec.wall(t)), T: &t, Name: name, Host: host, Text: text})
}

func (j *journal) write(e results.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file.Write(e)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

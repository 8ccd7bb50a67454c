package probe

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/results"
)

// LogOfTests is set by the external test, which alone can import a kind.
var LogOfTests Log

const (
	stamp  = "2026/11/23 04:42:27 "
	tail   = `, client: 198.18.0.2, server: , request: "GET / HTTP/1.1", upstream: "http://198.18.0.3:80/", host: "lab"`
	line99 = stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
		"Cannot assign requested address) while connecting to upstream" + tail + "\n"
	lineLive = stamp + "[error] 7#7: *43 no live upstreams while connecting to upstream" + tail + "\n"
	lineDead = stamp + "[alert] 1#1: worker process 7 exited on signal 9\n"
)

// write appends to the log as nginx does: by its own descriptor.
func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func poll(t *testing.T, tl *Tail, want results.Errors) {
	t.Helper()
	if err := tl.Poll(); err != nil {
		t.Fatal(err)
	}
	if got := tl.Totals(); got != want {
		t.Errorf("totals %+v, want %+v", got, want)
	}
}

func TestTailFollowsAFileThroughItsLife(t *testing.T) {
	path := filepath.Join(t.TempDir(), "error.log")
	tl := NewTail(path, LogOfTests, 1)
	defer tl.Close()
	poll(t, tl, results.Errors{}) // not there yet

	write(t, path, line99+line99[:50])
	poll(t, tl, results.Errors{Error99: 1}) // half a line waits
	write(t, path, line99[50:]+lineLive+lineDead)
	poll(t, tl, results.Errors{Error99: 2, NoLiveUpstreams: 1})

	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	write(t, path, line99)
	poll(t, tl, results.Errors{Error99: 3, NoLiveUpstreams: 1})

	// As logrotate does; the last words of the old file still count.
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write(t, path+".1", lineLive)
	poll(t, tl, results.Errors{Error99: 3, NoLiveUpstreams: 2})
	write(t, path+".1", lineLive)
	write(t, path, line99)
	if err := tl.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	poll(t, tl, results.Errors{Error99: 4, NoLiveUpstreams: 3})

	if n := tl.Count(ClassProcess); n != 1 {
		t.Errorf("%d process lines, want 1", n)
	}
	want := map[string]int64{
		"[crit] connect() to … failed (99: Cannot assign requested address) while connecting to upstream": 4,
		"[error] no live upstreams while connecting to upstream":                                          3,
		"[alert] worker process 7 exited on signal 9":                                                     1,
	}
	if diff := cmp.Diff(want, tl.ByMessage()); diff != "" {
		t.Errorf("by message: -want +got:\n%s", diff)
	}
	if got, want := strings.Join(tl.Excerpt(), "\n")+"\n", line99+lineLive+lineDead; got != want {
		t.Errorf("excerpt:\n%swant:\n%s", got, want)
	}
	if got := tl.FirstLine(ClassError99) + "\n"; got != line99 {
		t.Errorf("the first line of error 99 is %s, want %s", got, line99)
	}
}

func TestTailReadsABoundedPieceAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "error.log")
	n := 2*pollBytes/len(line99) + 1
	write(t, path, strings.Repeat(line99, n))
	tl := NewTail(path, LogOfTests, 3)
	defer tl.Close()
	if err := tl.Poll(); err != nil {
		t.Fatal(err)
	}
	if got := tl.Totals().Error99; got == 0 || got > int64(pollBytes+len(tl.buf))/int64(len(line99)) {
		t.Errorf("one poll read %d lines of %d", got, n)
	}
	if err := tl.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := tl.Totals().Error99; got != int64(n) {
		t.Errorf("read %d lines, want %d", got, n)
	}
	if len(tl.Excerpt()) != 3 {
		t.Errorf("kept %d lines, want 3", len(tl.Excerpt()))
	}
}

func TestTailMemoryIsBounded(t *testing.T) {
	tl := NewTail("", LogOfTests, 1)
	for i := range 1000 {
		tl.feed(fmt.Appendf(nil, "%s[alert] 1#1: worker process %d exited on signal 9\n", stamp, i))
	}
	if got := tl.ByMessage(); len(got) != maxMessages+1 || got[moreMessages] != 1000-maxMessages {
		t.Errorf("%d kinds, %d beyond them", len(got), got[moreMessages])
	}
	long := stamp + "[error] 7#7: *43 no live upstreams" + tail + strings.Repeat("x", 10*maxLine)
	for chunk := range 10 { // an endless line, in pieces
		tl.feed([]byte(long[chunk*len(long)/10 : (chunk+1)*len(long)/10]))
	}
	if len(tl.partial) > maxLine {
		t.Errorf("kept %d bytes of a line", len(tl.partial))
	}
	tl.feed([]byte("\n" + lineLive))
	if got := tl.Totals().NoLiveUpstreams; got != 2 {
		t.Errorf("%d lines after an endless one, want 2", got)
	}
}

func TestTailRefusesWhatIsNoFile(t *testing.T) {
	if err := NewTail(t.TempDir(), LogOfTests, 1).Poll(); err == nil ||
		!strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a directory: %v", err)
	}
}

// However the bytes are cut, the lines are the same.
func TestTailIsIndifferentToCuts(t *testing.T) {
	text := strings.Repeat(line99+lineLive+"\n"+lineDead+strings.Repeat("y", maxLine+5)+"\n"+line99, 3)
	whole := NewTail("", LogOfTests, 2)
	whole.feed([]byte(text))
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		cut := NewTail("", LogOfTests, 2)
		for rest := text; rest != ""; {
			n := min(len(rest), 1+r.IntN(1+r.IntN(40_000)))
			cut.feed([]byte(rest[:n]))
			rest = rest[n:]
		}
		if cut.counts != whole.counts {
			t.Fatalf("%v in pieces, %v at once", cut.counts, whole.counts)
		}
		if diff := cmp.Diff(whole.ByMessage(), cut.ByMessage()); diff != "" {
			t.Fatalf("-at once +in pieces:\n%s", diff)
		}
	}
}

func BenchmarkTailLine(b *testing.B) {
	tl := NewTail("", LogOfTests, 1)
	line := []byte(line99)
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		tl.feed(line)
	}
}

// FuzzTail: the same file counts the same, however the reads cut it, and every
// line is counted once.
func FuzzTail(f *testing.F) {
	line := stamp + "[crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: " +
		"Cannot assign requested address) while connecting to upstream" + tail + "\n"
	f.Add([]byte(line+line+"\n"+stamp+"[alert] 1#1: worker process 7 exited on signal 9"), uint8(7))
	f.Add([]byte(line[:60]), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, step uint8) {
		whole, cut := NewTail("", LogOfTests, 3), NewTail("", LogOfTests, 3)
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

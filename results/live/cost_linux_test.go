package live

import (
	"bufio"
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lab99/lab99/results"
)

// spent is the processor time of this process.
func spent(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestThePageCostsLittle: all four variants of a stored run are told again as they came, to a
// page that reads every message before the next is sent and to a Prometheus that scrapes each
// second. The processor time of both ends, over the time that the run took, is at most 1 % of
// a core.
func TestThePageCostsLittle(t *testing.T) {
	run, err := results.Open("../example/port-exhaustion-quick")
	if err != nil {
		t.Fatal(err)
	}
	s := NewStream(planned)
	page := served(t, s)
	resp, err := http.Get(page.URL() + "events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	events := bufio.NewReader(resp.Body)
	read := func() {
		for { // an event ends with an empty line
			if line, err := events.ReadString('\n'); err != nil || line == "\n" {
				return
			}
		}
	}
	read() // what is planned
	type sample struct {
		of *Variant
		results.Sample
	}
	var all []sample
	for i, v := range run.Variants {
		told := s.Begin(v.Name, run.Plan.Variants[i])
		read()
		for _, x := range v.Samples {
			all = append(all, sample{told, x})
		}
	}
	slices.SortStableFunc(all, func(a, b sample) int { return cmp.Compare(a.T, b.T) })
	before, flushed, scraped, messages := spent(t), all[0].T, all[0].T, 0
	for _, x := range all {
		for x.T >= flushed+together.Seconds() {
			flushed += together.Seconds()
			s.mu.Lock()
			waiting := len(s.pending)
			s.mu.Unlock()
			s.flush()
			for range waiting {
				read()
				messages++
			}
		}
		if x.T >= scraped+1 {
			scraped = x.T
			resp, err := http.Get(page.URL() + "metrics")
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !strings.HasSuffix(string(text), "# EOF\n") {
				t.Fatalf("%v: %s", err, text)
			}
		}
		// A line would be one message more. The stored run is of before it was kept.
		x.of.Sample(x.Sample)
	}
	cost, took := spent(t)-before, all[len(all)-1].T-all[0].T
	share := cost.Seconds() / took
	t.Logf("%d samples in %.1f s of %d variants at once, %d messages: %.2f %% of a core",
		len(all), took, len(run.Variants), messages, 100*share)
	if share > 0.01 {
		t.Errorf("the page takes %.2f %% of a core, want at most 1 %%", 100*share)
	}
	if messages < int(took/together.Seconds()) {
		t.Errorf("%d messages in %.1f s: the page was told less than a run tells it", messages, took)
	}
}

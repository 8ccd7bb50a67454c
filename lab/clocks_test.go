package lab

import (
	"strings"
	"testing"
	"time"
)

// TestClocksThatDisagree replays when records were sent, by their own clocks,
// and received, by the command's.
func TestClocksThatDisagree(t *testing.T) {
	const ms = int64(time.Millisecond)
	// Delays of a busy box: mostly 1 ms, now and then a good deal more.
	delays := []int64{1, 40, 2, 300, 1, 1, 90, 3, 1, 1, 25, 2}
	replay := func(c clocks, host string, ahead int64, n int) {
		for i := range n {
			at := int64(i) * 100 * ms
			c.take(host, at+ahead, at+delays[i%len(delays)]*ms)
		}
	}
	for name, tc := range map[string]struct {
		ahead   int64 // the proxy's clock, milliseconds
		records int
		want    string
	}{
		"one clock":              {0, 30, ""},
		"within the bound":       {15, 30, ""},
		"ahead":                  {50, 30, "the clocks of backend and proxy disagree by 50ms"},
		"behind":                 {-50, 30, "the clocks of backend and proxy disagree by 50ms"},
		"too few records for it": {50, 9, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := clocks{}
			replay(c, "load", 0, 30)
			replay(c, "backend", 0, 30)
			replay(c, "proxy", tc.ahead*ms, tc.records)
			got := c.disagree()
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

package nginx

import (
	"testing"

	"github.com/lab99/lab99/lab/proxy"
)

func TestCause(t *testing.T) {
	for header, want := range map[string]string{
		"198.18.99.20:8080 connect=-":                        proxy.CauseConnect,
		"198.18.99.20:8080, 198.18.99.129:8080 connect=-, -": proxy.CauseConnect,
		"[fd00::1]:8080 connect=-":                           proxy.CauseConnect,
		"198.18.99.20:8080 connect=0.001":                    "", // connected, then failed
		"lab99 connect=-":                                    proxy.CauseNoLiveUpstreams,
		"":                                                   "",
	} {
		if got := (Kind{}).Cause(502, []byte(header)); got != want {
			t.Errorf("502 with %q: %q, want %q", header, got, want)
		}
	}
	if got := (Kind{}).Cause(404, []byte("198.18.99.20:8080 connect=-")); got != "" {
		t.Errorf("404: %q", got)
	}
}

// TestCauseDoesNotAllocate: it runs on the generator's hot path, and in a
// run that is about failures it runs for most responses.
func TestCauseDoesNotAllocate(t *testing.T) {
	header := []byte("198.18.99.20:8080 connect=-")
	if n := testing.AllocsPerRun(1000, func() { (Kind{}).Cause(502, header) }); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

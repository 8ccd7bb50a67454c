package squid

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/lab99/lab99/internal/needs"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/lab/proxy/proxytest"
	"github.com/lab99/lab99/scenarios"
)

// TestSquidTakesEachPolicy: the real program reads what the template makes, without a
// warning.
func TestSquidTakesEachPolicy(t *testing.T) {
	program, err := Kind{}.Image().Installed.Find()
	needs.Had(t, "netns", err)
	bad := func(printed string) bool {
		return slices.ContainsFunc([]string{"FATAL", "ERROR", "WARNING", "unrecognized"}, func(word string) bool {
			return strings.Contains(printed, word)
		})
	}
	proxytest.TakesEachPolicy(t, Kind{}, program, ownTemplate, bad, "-k", "parse")
}

// TestCauses: the header has the page and errno.
func TestCauses(t *testing.T) {
	for _, tc := range []struct {
		status int
		header string
		want   string
	}{
		{http.StatusServiceUnavailable, "ERR_CONNECT_FAIL 99", proxy.CauseConnect},
		{http.StatusServiceUnavailable, "ERR_CONNECT_FAIL 111", ""},
		{http.StatusBadGateway, "ERR_READ_ERROR 0", proxy.CauseNoLiveUpstreams},
		{http.StatusBadGateway, "ERR_READ_ERROR 104", ""},
		{http.StatusInternalServerError, "ERR_CANNOT_FORWARD 0", proxy.CauseNoLiveUpstreams},
		{http.StatusBadGateway, "ERR_ZERO_SIZE_OBJECT 0", ""},
		{http.StatusServiceUnavailable, "", ""}, // the backend's own
	} {
		if got := (Kind{}).Cause(tc.status, []byte(tc.header)); got != tc.want {
			t.Errorf("%d %q is %q, want %q", tc.status, tc.header, got, tc.want)
		}
	}
}

// TestItsWordForItsLimit: what it says of its backend is none.
func TestItsWordForItsLimit(t *testing.T) {
	const limit = "2026/11/30 14:48:48| WARNING! Your cache is running out of filedescriptors"
	const backend = "2026/11/30 14:48:48| TCP connection to 10.77.0.2/8080 failed\n" +
		"2026/11/30 14:48:48| Detected DEAD Parent: s0\n"
	for printed, want := range map[string]string{"": "", backend: "", backend + limit + "\n": limit} {
		if got := (Kind{}).ReachedLimit(scenarios.Variant{}, printed); got != want {
			t.Errorf("%q\nfound %q, want %q", printed, got, want)
		}
	}
}

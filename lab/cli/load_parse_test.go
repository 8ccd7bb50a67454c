package cli

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lab99/lab99/loadgen"
)

func TestStopsAreReadAroundTheColonsOfCauses(t *testing.T) {
	for word, want := range map[string]loadgen.Stop{
		"timeout":                          {Cause: "timeout"},
		"timeout:5":                        {Cause: "timeout", Count: 5},
		"timeout:5:2s":                     {Cause: "timeout", Count: 5, After: 2 * time.Second},
		"connect: EADDRNOTAVAIL":           {Cause: "connect: EADDRNOTAVAIL"},
		"connect: EADDRNOTAVAIL:100:500ms": {Cause: "connect: EADDRNOTAVAIL", Count: 100, After: 500 * time.Millisecond},
		"connect: timeout:1":               {Cause: "connect: timeout", Count: 1},
		"EHOSTUNREACH:3":                   {Cause: "EHOSTUNREACH", Count: 3},
		"any:10":                           {Count: 10},
		"any:2.5%":                         {Share: 0.025},
		"status 5xx:1%/5s:1s":              {Cause: "status 5xx", Share: 0.01, Window: 5 * time.Second, After: time.Second},
	} {
		got, err := parseStops([]string{word})
		if err != nil {
			t.Errorf("%q: %v", word, err)
			continue
		}
		if d := cmp.Diff([]loadgen.Stop{want}, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", word, d)
		}
	}
	for _, word := range []string{"", "timeouts", "timeout:2s", "timeout:5:soon", "timeout:5:2s:3", "any:0%", "any:100%",
		"any:1%/soon", "timeout:99999999999999999999"} {
		if got, err := parseStops([]string{word}); err == nil {
			t.Errorf("%q: accepted as %+v", word, got)
		}
	}
}

func FuzzParseStops(f *testing.F) {
	f.Add("connect: EADDRNOTAVAIL:100:500ms")
	f.Add("status 5xx:1%/5s")
	f.Fuzz(func(t *testing.T, word string) {
		stops, err := parseStops([]string{word})
		if err != nil {
			return
		}
		if s := stops[0]; s.Count < 0 || s.Share < 0 || s.Share >= 1 || s.Share > 0 && s.Count > 0 ||
			!strings.HasPrefix(word, s.Cause) && s.Cause != "" {
			t.Errorf("%q is read as %+v", word, s)
		}
	})
}

func TestSourcesAreAddressesAndNetworks(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.2":                    "127.0.0.2",
		"127.0.0.2, 127.0.0.3":         "127.0.0.2 127.0.0.3",
		"127.0.1.0/30":                 "127.0.1.0 127.0.1.1 127.0.1.2 127.0.1.3",
		"10.1.1.5/30":                  "10.1.1.5 10.1.1.6", // neither network nor broadcast
		"10.1.1.4/31":                  "10.1.1.4 10.1.1.5",
		"10.1.1.4/32":                  "10.1.1.4",
		"::1,fd00::/127":               "::1 fd00:: fd00::1",
		"255.255.255.255/32,127.0.0.1": "255.255.255.255 127.0.0.1",
	} {
		got, err := parseSources(text)
		var words []string
		for _, a := range got {
			words = append(words, a.String())
		}
		if s := strings.Join(words, " "); err != nil || s != want {
			t.Errorf("%s: %s, %v; want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"localhost", "127.0.0.1-9", "10.0.0.0/15", "fd00::/64", ","} {
		if got, err := parseSources(text); err == nil {
			t.Errorf("%s: accepted as %d addresses", text, len(got))
		}
	}
	all, err := parseSources("127.1.0.0/16")
	if err != nil || len(all) != 1<<16 || all[1<<16-1] != netip.MustParseAddr("127.1.255.255") {
		t.Errorf("a /16: %d addresses, %v", len(all), err)
	}
}

func FuzzParseSources(f *testing.F) {
	f.Add("127.0.0.2,10.0.0.0/28")
	f.Fuzz(func(t *testing.T, text string) {
		if all, err := parseSources(text); err == nil && text != "" && (len(all) == 0 || len(all) > maxSources) {
			t.Errorf("%q: %d addresses", text, len(all))
		}
	})
}

func TestMixIsWeightMethodPath(t *testing.T) {
	for word, want := range map[string]loadgen.Request{
		"/a":          {Path: "/a"},
		"3 /a":        {Weight: 3, Path: "/a"},
		"POST /a":     {Method: "POST", Path: "/a"},
		"3 POST /a?b": {Weight: 3, Method: "POST", Path: "/a?b"},
	} {
		got, err := parseMix([]string{word})
		if err != nil {
			t.Errorf("%q: %v", word, err)
			continue
		}
		if d := cmp.Diff([]loadgen.Request{want}, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", word, d)
		}
	}
	for _, word := range []string{"", "a", "3", "GET", "0 GET GET /", "GET /a b"} {
		if got, err := parseMix([]string{word}); err == nil {
			t.Errorf("%q: accepted as %+v", word, got)
		}
	}
}

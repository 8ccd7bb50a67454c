package scenarios

import (
	"strings"
	"testing"
	"time"
)

// oneVariant is a scenario of one variant, with fields of its own.
func oneVariant(t *testing.T, fields string, set ...string) (Variant, error) {
	t.Helper()
	s, err := parseText(files{}, "x.yaml", []byte("apiVersion: lab99/v1\nname: x\nsizes: {quick: {ports: 300, rate: "+
		"200, duration: 10s}}\nvariants:\n  - name: a\n"+fields))
	if err != nil {
		return Variant{}, err
	}
	r, err := s.Resolve("", set)
	if err != nil {
		return Variant{}, err
	}
	return r.Variants[0], nil
}

// TestMultiplesFollowTheSize: what a variant says as a multiple is one of
// whatever the size, or --set, makes of the scenario.
func TestMultiplesFollowTheSize(t *testing.T) {
	for _, c := range []struct {
		name, fields string
		set          []string
		ports        int
		rate         float64
	}{
		{"of the size", "    ports: 4x\n    rate: 0.5x\n", nil, 1200, 100},
		{"of --set", "    ports: 4x\n    rate: 10x\n", []string{"size.ports=737", "size.rate=91"}, 2948, 910},
		{"rounded to whole ports", "    ports: 1.5x\n", []string{"size.ports=33"}, 50, 200},
		{"beyond what a number may say", "    ports: 4x\n", []string{"size.ports=9000"}, 36000, 200},
		{"a variant's own, set", "    rate: 10x\n", []string{"variants.a.rate=7"}, 300, 7},
		{"set as a multiple", "", []string{"variants.a.rate=3x"}, 300, 600},
		{"without size.: of every variant, whatever it says", "    rate: 10x\n", []string{"rate=7"}, 300, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := oneVariant(t, c.fields, c.set...)
			if err != nil {
				t.Fatal(err)
			}
			if v.Ports.N() != c.ports || v.Rate != c.rate {
				t.Errorf("%d ports at %g/s, want %d at %g/s", v.Ports.N(), v.Rate, c.ports, c.rate)
			}
		})
	}
	for fields, want := range map[string]string{
		"    ports: 400x\n": "ports is 120000",
		"    rate: -2x\n":   `rate is "-2x"`,
		"    rate: 2 x\n":   `rate is "2 x"`,
	} {
		if _, err := oneVariant(t, fields); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "x.yaml:6:") {
			t.Errorf("%q: %v, want an error with %q and its line", fields, err, want)
		}
	}
	for ports, want := range map[string]int{"default": 2 * 28232, "20000-20500": 1002} {
		if v, err := oneVariant(t, "    ports: 2x\n", "size.ports="+ports); err != nil && want <= 45536 ||
			err == nil && v.Ports.N() != want {
			t.Errorf("twice %s: %d ports, %v, want %d", ports, v.Ports.N(), err, want)
		}
	}
}

// TestProfilesFollowTheRate: what a profile leaves out is the variant's.
func TestProfilesFollowTheRate(t *testing.T) {
	for written, want := range map[string]string{
		"":                              "",
		"poisson:99":                    "constant:200,poisson:99",
		"burst:64":                      "burst:64@320ms",
		"burst:@1001ms":                 "burst:200@1001ms",
		"burst:@1ms":                    "burst:1@1ms",
		"burst:20@500ms/4s":             "burst:20@500ms/4s",
		"constant:1x,constant:0.02x/6s": "constant:200/4s,constant:4/6s",
		"constant:7/1s,poisson:3":       "constant:7/1s,poisson:3",
		"ramp:100..5000/30s":            "ramp:100..5000/30s",
	} {
		v := Variant{Rate: 200, Duration: 10 * time.Second, Load: LoadSpec{Profile: written}}
		if got := v.Profile(); got != want {
			t.Errorf("%q is %q, want %q", written, got, want)
		}
	}
}

// TestSetIsRemembered: what --set gave is told from what the file says.
func TestSetIsRemembered(t *testing.T) {
	v, err := oneVariant(t, "", "size.duration=12s", "expect.verdict=mitigated")
	if err != nil {
		t.Fatal(err)
	}
	if !v.DurationSet || !v.Expect.Set || v.Duration != 12*time.Second {
		t.Errorf("%+v", v)
	}
	if v, err = oneVariant(t, "    expect: {verdict: mitigated}\n"); err != nil || v.DurationSet || v.Expect.Set {
		t.Errorf("%+v, %v", v, err)
	}
}

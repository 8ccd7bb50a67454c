package scenarios

import (
	"strings"
	"testing"
)

const withAliases = `apiVersion: lab99/v1
name: moved
ports: 300
rate: 100
duration: 5s
aliases:
  from: [variants.before.proxy.keepalive, variants.before.proxy.workers=3]
  both: [variants.before.backend.delay, variants.after.backend.delay]
variants:
  - name: before
    backend: {kind: agent}
  - name: after
    backend: {kind: agent}
`

// TestAliases: a word of --set sets all that it stands for, and nothing else.
func TestAliases(t *testing.T) {
	s, err := parseText(files{}, "moved.yaml", []byte(withAliases))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve("", []string{"from=20", "both=3s"})
	if err != nil {
		t.Fatal(err)
	}
	before, after := r.Variants[0], r.Variants[1]
	if before.Proxy.Keepalive != 20 || after.Proxy.Keepalive != 0 || before.Proxy.Workers != 3 ||
		after.Proxy.Workers != 1 {
		t.Errorf("from=20 gives %d and %d places to %d and %d workers, want 20 to 3, and none",
			before.Proxy.Keepalive, after.Proxy.Keepalive,
			before.Proxy.Workers, after.Proxy.Workers)
	}
	if before.Backend.Delay.Seconds() != 3 || after.Backend.Delay.Seconds() != 3 {
		t.Errorf("both=3s sets delays of %v and %v", before.Backend.Delay, after.Backend.Delay)
	}
	if _, err := s.Resolve("", []string{"from=many"}); err == nil ||
		!strings.Contains(err.Error(), "--set variants.before.proxy.keepalive=many") {
		t.Errorf("from=many: %v", err)
	}
}

// TestMistakesInAliases are reported at their place.
func TestMistakesInAliases(t *testing.T) {
	for aliases, want := range map[string]string{
		"aliases: 3":                             "moved.yaml:6:10: aliases is a plain value",
		"aliases: {to: }":                        "aliases.to is empty, want a list of keys",
		"aliases: {To: [rate]}":                  `moved.yaml:6:11: alias "To": want lower-case letters`,
		"aliases: {rate: [duration]}":            `alias "rate": --set knows a key of that name`,
		"aliases: {to: [variants.afer.rate]}":    `aliases.to: variants.afer.rate: no variant "afer"`,
		"aliases: {to: [variants.after.prxy.a]}": `aliases.to: no key "prxy.a"`,
	} {
		text := strings.Replace(withAliases, `aliases:
  from: [variants.before.proxy.keepalive, variants.before.proxy.workers=3]
  both: [variants.before.backend.delay, variants.after.backend.delay]`, aliases, 1)
		if _, err := parseText(files{}, "moved.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngives %v\nwant %s", aliases, err, want)
		}
	}
}

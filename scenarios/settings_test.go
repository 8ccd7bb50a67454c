package scenarios

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSettingsAreWhatDiffersFromTheDefaults(t *testing.T) {
	v := resolve(t, load(t, "port-exhaustion"), "quick", "size.duration=10000ms", "load.stop=none",
		"backend.keepalive=false").Variants[2]
	want := map[string]string{
		"ports": "20000-20499", "rate": "200", "duration": "10s",
		"proxy.sysctls.net.ipv4.tcp_tw_reuse": "1",
		"backend.keepalive":                   "off",
		"load.stop":                           "none", "expect.verdict": "mitigated",
	}
	if diff := cmp.Diff(want, v.Settings()); diff != "" {
		t.Error(diff)
	}
}

// TestSettingsSayEverything: a variant with its settings given to --set, one by
// one, is the same variant.
func TestSettingsSayEverything(t *testing.T) {
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := parseText(files{fsys: builtin, dir: "port-exhaustion"}, "plain.yaml", []byte(
		"{apiVersion: lab99/v1, name: plain, ports: default, rate: 1, duration: 1s, variants: [{name: a}]}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		for _, want := range resolve(t, s, "").Variants {
			if want.Backend.Place == PlaceBoth {
				continue // it has two addresses, which a file cannot say
			}
			var set []string
			for key, value := range want.Settings() {
				switch key {
				case "proxy.config", "backend.config", "expect.measured": // files of the scenario; a list
				default:
					set = append(set, key+"="+value)
				}
			}
			got := resolve(t, plain, "", set...).Variants[0]
			got.Proxy.Config, got.Backend.Config = want.Proxy.Config, want.Backend.Config
			got.Expect.Measured, got.Expect.Set, got.DurationSet = want.Expect.Measured, false, false
			for _, part := range []string{"Ports", "Rate", "Duration", "Proxy", "Backend", "Load", "Bystander", "Expect"} {
				w, g := reflect.ValueOf(want).FieldByName(part).Interface(), reflect.ValueOf(got).FieldByName(part).Interface()
				if diff := cmp.Diff(w, g); diff != "" {
					t.Errorf("%s %s: %s", s.Name, want.Name, diff)
				}
			}
		}
	}
}

// TestAFieldIsOneLine: a tagged struct that no other code knows is decoded,
// checked, listed, described to editors, and stored.
func TestAFieldIsOneLine(t *testing.T) {
	type cache struct {
		Size int `yaml:"size" default:"8" in:"1..64" help:"entries of the cache"`
	}
	type whole struct {
		Cache cache         `yaml:"cache" help:"a section of its own"`
		Wait  time.Duration `yaml:"wait" default:"1s" in:"1ms..1m" help:"before each request"`
	}
	read := func(text string) (w whole, err error) {
		src := newSource("x.yaml", []byte(text))
		tree, err := parseYAML(src, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		d := &decoder{}
		d.section(tree, "", blame{position: tree.at}, reflect.ValueOf(&w).Elem())
		return w, d.err()
	}
	w, err := read("cache: {size: 9}\n")
	if diff := cmp.Diff(whole{cache{9}, time.Second}, w); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if diff := cmp.Diff(map[string]string{"cache.size": "9"}, settings(reflect.ValueOf(w), "")); diff != "" {
		t.Error(diff)
	}
	_, err = read("cache: {size: 65, sise: 1}\nwait: 5\n")
	for _, want := range []string{
		"x.yaml:1:15: cache.size is 65, want 1 to 64", `x.yaml:1:19: unknown key "sise" in cache`, `did you mean "size"?`,
		`x.yaml:2:7: wait is "5", want a duration such as 10s`, "did you mean 5s?",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in:\n%v", want, err)
		}
	}
	keys := []Key{
		{Name: "cache.size", Type: "a whole number", Within: "1 to 64", Default: "8", Help: "entries of the cache"},
		{Name: "wait", Type: "a duration such as 10s", Within: "1ms to 1m", Default: "1s", Help: "before each request"},
	}
	if diff := cmp.Diff(keys, keysIn(reflect.TypeFor[whole](), "")); diff != "" {
		t.Error(diff)
	}
	size := objectOf(reflect.TypeFor[cache](), false)["properties"].(schema)["size"].(schema)
	if size["maximum"] != json.Number("64") || size["default"] != json.Number("8") ||
		size["description"] != "entries of the cache (1 to 64)" {
		t.Errorf("the schema has %v", size)
	}
}

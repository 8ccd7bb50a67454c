package scenarios

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/lab99/lab99/internal/golden"
)

// editor holds files against the schema, as an editor would. wellFormed is false
// for what is not YAML, or more of YAML than JSON has.
func editor(t *testing.T) func(text []byte) (err error, wellFormed bool) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(text []byte) (error, bool) {
		asJSON, err := yaml.YAMLToJSON(text)
		if err != nil {
			return err, false
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			return err, false
		}
		return s.Validate(v), true
	}
}

func TestPublishedSchemaIsCurrent(t *testing.T) {
	golden.Compare(t, "../results/schema/scenario.v1.json", string(Schema()))
}

func TestSchemaAllowsEveryScenario(t *testing.T) {
	bySchema := editor(t)
	all, err := filepath.Glob("*/scenario.yaml")
	if err != nil || len(all) < len(Names()) {
		t.Fatalf("%d files, %v", len(all), err)
	}
	for _, file := range append(all, "testdata/sizes.yaml") {
		text, _, err := readFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err, _ := bySchema(text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	text, _, err := readFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if err, _ := bySchema(documented(string(text))); err != nil {
		t.Errorf("the example in doc.go: %v", err)
	}
}

// byLoadOnly are the mistakes that only Load sees.
var byLoadOnly = slices.Concat(
	// What is missing, twice or unknown once all levels are merged.
	[]string{"no-ports", "no-duration-in-one-size", "size-of-no-variant", "variant-twice"},
	// What a string means.
	[]string{"duration-too-long", "duration-too-short", "ports-backwards", "ports-privileged"},
	// What does not go with another key.
	[]string{"service-place", "service-sources", "load-pods-profile", "load-pods-connections"},
	[]string{"protocol-backend", "backend-protocol", "protocol-of-another-proxy", "keep-conn", "protocol-http-version", "protocol-tls",
		"protocol-unix", "protocol-method", "protocol-apaches"},
	// YAML that a program for JSON no longer sees.
	[]string{"anchor", "merge-key", "tag", "two-documents", "invalid/anchor"},
	// What is in the files that a scenario names.
	[]string{
		"config-nowhere", "config-no-backend", "config-open-quote", "config-unbalanced",
		"template-function", "template-unclosed", "template-variable", "template-version",
		"invalid/no-config", "invalid/outside", "invalid/own-config", "invalid/template-syntax", "invalid/template-variable",
	},
)

// TestSchemaRefusesMistakes: what Load refuses the schema refuses too, but for
// a list of mistakes that it cannot see.
func TestSchemaRefusesMistakes(t *testing.T) {
	bySchema := editor(t)
	mistakes := map[string][]byte{}
	archives, _ := filepath.Glob("testdata/mistakes/*.txtar")
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			mistakes[f.Name] = f.Data
		}
	}
	invalid, _ := filepath.Glob("testdata/invalid/*.yaml")
	for _, path := range invalid {
		text, _, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		mistakes["invalid/"+filepath.Base(path)] = text
	}
	refused := 0
	for file, text := range mistakes {
		name, ok := strings.CutSuffix(file, ".yaml")
		if !ok {
			continue
		}
		err, wellFormed := bySchema(text)
		switch hidden := slices.Contains(byLoadOnly, name); {
		case err == nil && !hidden:
			t.Errorf("%s: the schema allows it:\n%s", name, text)
		case err != nil && hidden:
			t.Errorf("%s: the schema refuses it after all: %v", name, err)
		case err != nil && wellFormed:
			refused++
		}
	}
	if refused < 40 {
		t.Errorf("the schema refuses %d files, want at least 40", refused)
	}
}

// TestKeysCanBeSet: --set takes each key that is listed, with its default or one of
// its words.
func TestKeysCanBeSet(t *testing.T) {
	s := load(t, "port-exhaustion")
	values := map[string]string{
		"ports": "500", "rate": "200", "duration": "10s", "proxy.config": "../lab/proxy/nginx/testdata/own/bare.conf",
		"backend.config": "../lab/proxy/nginx/testdata/own/bare.conf", "proxy.sysctls.NAME": "1", "load.profile": "burst:64",
		"proxy.policy": "tcp", "load.host": "example.org", "expect.measured": "",
	}
	for _, k := range Keys() {
		value, ok := values[k.Name]
		if !ok {
			value = k.Default
		}
		if len(k.Values) > 0 && !slices.Contains(k.Values, value) {
			value = k.Values[0]
		}
		if k.Help == "" || k.Type == "" || value == "" && k.Name != "expect.measured" {
			t.Errorf("%+v: want a type, a help and a value", k)
		}
		key := strings.Replace(k.Name, "NAME", "net.ipv4.tcp_tw_reuse", 1)
		if k.Name == "proxy.policy" { // of other kinds than this scenario's
			continue
		}
		if _, err := s.Resolve("quick", []string{key + "=" + value}); value != "" && err != nil {
			t.Error(err)
		}
	}
}

// TestDefaultsAreWithinTheirBounds: a default that the decoder refuses would
// panic, as it has no place in a file.
func TestDefaultsAreWithinTheirBounds(t *testing.T) {
	d := &decoder{}
	src := newSource("empty", nil)
	d.variant(&node{kind: mapping, at: position{src, 1, 1}}, position{src, 1, 1})
	if len(d.errs) != 3 {
		t.Errorf("want ports, rate and duration to be missing, got %v", d.errs)
	}
	for _, k := range Keys() {
		if k.Name == "duration" && k.Within != "100ms to 30m" || MaxDuration != 30*time.Minute {
			t.Errorf("the bounds of %s are %s, and the longest load is %v", k.Name, k.Within, MaxDuration)
		}
	}
}

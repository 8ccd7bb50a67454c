// Package schematest holds JSON against the schemas of package schema, for
// the tests of whoever writes it.
package schematest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"testing"

	"github.com/lab99/lab99/results/schema"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Summary returns an error unless doc is a valid lab99/summary/v1.
func Summary(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Summary, doc)
}

// Load returns an error unless doc is a valid lab99/load/v1.
func Load(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Load, doc)
}

// Predict returns an error unless doc is a valid lab99/predict/v1.
func Predict(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Predict, doc)
}

// Doctor returns an error unless doc is a valid lab99/doctor/v1.
func Doctor(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Doctor, doc)
}

// Abilities returns an error unless doc is a valid lab99/abilities/v1.
func Abilities(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Abilities, doc)
}

// Catalogue returns an error unless doc is a valid lab99/catalogue/v1.
func Catalogue(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Catalogue, doc)
}

// Compare returns an error unless doc is a valid lab99/compare/v1.
func Compare(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Compare, doc)
}

// Lint returns an error unless doc is a valid lab99/lint/v1.
func Lint(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Lint, doc)
}

// Diagnose returns an error unless doc is a valid lab99/diagnose/v1.
func Diagnose(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Diagnose, doc)
}

// Explain returns an error unless doc is a valid lab99/explain/v1.
func Explain(t testing.TB, doc []byte) error {
	t.Helper()
	return validate(t, schema.Explain, doc)
}

// SARIF returns an error unless doc is a SARIF 2.1.0 log, by the schema that
// OASIS publishes. go-sarif carries it, and validates what it has decoded. A
// field that its types do not have would be lost on the way, and is an error.
func SARIF(t testing.TB, doc []byte) error {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(new(sarif.Report)); err != nil {
		return err
	}
	log, err := sarif.FromBytes(doc)
	if err != nil {
		return err
	}
	for _, run := range log.Runs { // the library has to write what may be left out
		run.Language = cmp.Or(run.Language, "en-US")
		run.NewlineSequences = append(run.NewlineSequences, "\n")
		if run.Tool != nil && run.Tool.Driver != nil {
			run.Tool.Driver.Language = cmp.Or(run.Tool.Driver.Language, "en-US")
		}
	}
	return log.Validate()
}

func validate(t testing.TB, source, doc []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return err
	}
	return compile(t, source).Validate(v)
}

func compile(t testing.TB, source []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Package schematest holds JSON against the schemas of package schema, for
// the tests of whoever writes it.
package schematest

import (
	"bytes"
	"testing"

	"github.com/lab99/lab99/results/schema"
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
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

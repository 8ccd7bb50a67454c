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

// Each returns an error unless the document is valid by the schema of that name.
var (
	Summary   = by(schema.Summary)
	Load      = by(schema.Load)
	Predict   = by(schema.Predict)
	Doctor    = by(schema.Doctor)
	Abilities = by(schema.Abilities)
	Catalogue = by(schema.Catalogue)
	Compare   = by(schema.Compare)
	Lint      = by(schema.Lint)
	Diagnose  = by(schema.Diagnose)
	Explain   = by(schema.Explain)
)

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

func by(source []byte) func(t testing.TB, doc []byte) error {
	return func(t testing.TB, doc []byte) error {
		t.Helper()
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
		if err != nil {
			return err
		}
		return compile(t, source).Validate(v)
	}
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

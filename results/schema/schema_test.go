package schema_test

import (
	"path/filepath"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/schematest"
)

// TestExampleFits holds the committed example run, real output, against the
// schema; the labs' own tests do the same with theirs.
func TestExampleFits(t *testing.T) {
	files, err := filepath.Glob("../example/*/summary.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no example run with a summary.json: %v", err)
	}
	for _, file := range files {
		b := filetest.Read(t, file)
		if err := schematest.Summary(t, b); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestSchemaRefuses shows that the schema can fail.
func TestSchemaRefuses(t *testing.T) {
	for name, doc := range map[string]string{
		"empty":         `{}`,
		"other version": `{"schema":"lab99/summary/v2"}`,
		"array":         `[]`,
	} {
		if schematest.Summary(t, []byte(doc)) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

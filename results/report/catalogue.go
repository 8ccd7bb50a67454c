package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
	"time"

	"github.com/lab99/lab99/results"
)

//go:embed index.md.tmpl
var indexTemplate string

// WriteIndex writes the page that links the reports of a catalogue. They lie
// beside its directory.
func WriteIndex(store *results.Store, c results.Catalogue) error {
	t, err := template.New("index").Funcs(template.FuncMap{
		"cell": cell, "expected": expected,
		"time": func(s float64) string { return time.Duration(s * float64(time.Second)).Round(time.Second).String() },
	}).Parse(indexTemplate)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, c); err != nil {
		return fmt.Errorf("make %s: %w", results.IndexFile, err)
	}
	return store.WriteFile(results.IndexFile, b.Bytes())
}

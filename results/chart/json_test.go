package chart

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/lab99/lab99/results/chart/charttest"
)

// TestJSONHasThePointsOfTheCSV: all of them, in order, numbers as numbers.
func TestJSONHasThePointsOfTheCSV(t *testing.T) {
	figs, err := Figures(charttest.Quick())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figs {
		var c, j bytes.Buffer
		if err := f.WriteCSV(&c); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteJSON(&j); err != nil {
			t.Fatal(err)
		}
		want, err := csv.NewReader(&c).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			ID, Title string
			Columns   []string
			Rows      [][]any
		}
		if err := json.Unmarshal(j.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.ID != f.ID || doc.Title != f.Title || len(doc.Rows) != len(want)-1 ||
			fmt.Sprint(doc.Columns) != fmt.Sprint(want[0]) {
			t.Fatalf("%s: %d rows of %v, want %d of %v", f.ID, len(doc.Rows), doc.Columns, len(want)-1, want[0])
		}
		for i, r := range doc.Rows {
			for k, cell := range r {
				text, isText := cell.(string)
				switch n, isNumber := cell.(float64); {
				case isNumber:
					text = number(n)
				case !isText && cell != nil:
					t.Fatalf("%s: %v", f.ID, cell)
				}
				if isNumeric := doc.Columns[k] == "x" || doc.Columns[k] == "y"; text != want[i+1][k] || isNumeric && isText {
					t.Fatalf("%s, row %d: %v, want %v", f.ID, i, r, want[i+1])
				}
			}
		}
	}
}

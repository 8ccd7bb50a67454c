package chart

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
)

// WriteJSON writes the points of the CSV, read from it so that the two cannot
// differ, with the words of the figure: columns, and a row per point. A cell
// that is a number is one; an empty one is null.
func (f *Figure) WriteJSON(w io.Writer) error {
	var b bytes.Buffer
	if err := f.WriteCSV(&b); err != nil {
		return err
	}
	records, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		return err
	}
	doc := struct {
		Schema   string   `json:"schema"`
		ID       string   `json:"id"`
		Title    string   `json:"title"`
		Subtitle string   `json:"subtitle"`
		Columns  []string `json:"columns"`
		Rows     [][]any  `json:"rows"`
	}{"lab99/chart/v1", f.ID, f.Title, f.Subtitle, records[0], [][]any{}}
	for _, r := range records[1:] {
		row := make([]any, len(r))
		for i, cell := range r {
			row[i] = value(records[0][i], cell)
		}
		doc.Rows = append(doc.Rows, row)
	}
	return json.NewEncoder(w).Encode(doc)
}

// value is a cell of a column. A name that looks like a number stays a name.
func value(column, cell string) any {
	if column != "x" && column != "y" {
		return cell
	}
	if n, err := strconv.ParseFloat(cell, 64); err == nil {
		return n
	}
	if cell == "" {
		return nil
	}
	return cell
}

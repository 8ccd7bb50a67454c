package results

// CatalogueSchema names the format of a catalogue's summary.json, kept stable;
// its JSON Schema is in the package schema.
const CatalogueSchema = "lab99/catalogue/v1"

// IndexFile is the page that links the reports of a catalogue.
const IndexFile = "index.md"

// Catalogue is many scenarios, each a run of its own.
type Catalogue struct {
	Schema     string         `json:"schema"`
	Size       string         `json:"size"`
	Driver     string         `json:"driver"`
	StartedUTC string         `json:"started_utc"`
	EstimateS  float64        `json:"estimate_s"` // for all that were asked for
	TookS      float64        `json:"took_s"`
	AsExpected *bool          `json:"as_expected"` // null: none is false, and of some it cannot be told
	ExitCode   int            `json:"exit_code"`   // the worst; the command's own too, unless it was interrupted
	Asked      int            `json:"asked"`       // scenarios to run
	Partial    bool           `json:"partial"`     // it ended before the last of them
	Scenarios  []CatalogueRow `json:"scenarios"`   // those that were begun
}

// CatalogueRow is one scenario of a catalogue.
type CatalogueRow struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Title string `json:"title"`
	// The directory of the run, beside that of the catalogue; empty: there is none.
	Run        string             `json:"run"`
	Reported   bool               `json:"reported"`
	AsExpected *bool              `json:"as_expected"`
	ExitCode   int                `json:"exit_code"`
	EstimateS  float64            `json:"estimate_s"`
	TookS      float64            `json:"took_s"`
	Finding    string             `json:"finding"`
	Error      string             `json:"error,omitempty"` // why the run ended early
	Asked      int                `json:"asked"`           // variants to run, without those that are skipped
	Variants   []CatalogueVariant `json:"variants"`        // those that ran
	Skipped    []SkippedVariant   `json:"skipped,omitempty"`
}

// CatalogueVariant is one variant's verdict.
type CatalogueVariant struct {
	Name       string `json:"name"`
	Verdict    string `json:"verdict"`
	Expected   string `json:"expected"`
	AsExpected *bool  `json:"as_expected"`
	Why        string `json:"why"`
}

// AsExpectedCount is how many variants were as expected.
func (r CatalogueRow) AsExpectedCount() int {
	n := 0
	for _, v := range r.Variants {
		if v.AsExpected != nil && *v.AsExpected {
			n++
		}
	}
	return n
}

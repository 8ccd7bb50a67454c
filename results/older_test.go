package results

import (
	"testing"

	"github.com/lab99/lab99/lab/law"
)

// TestOlderRowsAreIdentified: rows of before there were ids get them by their names,
// those of this version keep theirs.
func TestOlderRowsAreIdentified(t *testing.T) {
	v := Variant{
		Checks: []Check{
			{Name: "ok before it"},
			{Name: "collapse"},
			{Name: "share lost"},
			{Name: "accounts"},
			{ID: "mine", Name: "collapse"},
		},
		Comparisons: []Comparison{
			{Quantity: "collapse at half the range"},
			{Quantity: "load factor ρ"},
			{Quantity: "of a later version"},
		},
	}
	v.identify()
	for i, want := range []string{law.OKBefore.ID, law.Collapse.ID, law.LostShare.ID, "accounts", "mine"} {
		if got := v.Checks[i].ID; got != want {
			t.Errorf("check %q is %q, want %q", v.Checks[i].Name, got, want)
		}
	}
	for i, want := range []string{law.Collapse.ID, law.LoadFactor.ID, ""} {
		if got := v.Comparisons[i].ID; got != want {
			t.Errorf("comparison %q is %q, want %q", v.Comparisons[i].Quantity, got, want)
		}
	}
}

// TestStoredRunsHaveIDs reads the committed examples, which were made before.
func TestStoredRunsHaveIDs(t *testing.T) {
	r, err := Glance("example/port-exhaustion-quick")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Summary.Variants {
		for _, c := range v.Checks {
			if c.ID == "" {
				t.Errorf("%s: the check %q has no id", v.Name, c.Name)
			}
		}
		for _, c := range v.Comparisons {
			if law.ByID(c.ID) == nil {
				t.Errorf("%s: the comparison %q has no law", v.Name, c.Quantity)
			}
		}
	}
}

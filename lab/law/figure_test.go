package law

import (
	"regexp"
	"testing"
)

// TestFiguresAreFoundByName: a claim finds each, and no two alike.
func TestFiguresAreFoundByName(t *testing.T) {
	name := regexp.MustCompile(`^[a-z0-9_]+$`)
	for i, f := range Figures {
		if FigureOf(f.Name) != &Figures[i] {
			t.Errorf("%s is not found by its name", f.Name)
		}
		if !name.MatchString(f.Name) || f.Words == "" || f.Of == nil {
			t.Errorf("%s has no name that a claim can have, no words or no number: %+v", f.Name, f)
		}
	}
	if FigureOf("no_such_figure") != nil {
		t.Error("a figure is found that there is not")
	}
}

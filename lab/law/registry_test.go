package law

import "testing"

// TestLawsAreFoundByID: ids, names and the names of checks tell the laws apart, since
// stored runs are read by them.
func TestLawsAreFoundByID(t *testing.T) {
	taken := map[string]*Law{}
	for _, l := range Laws {
		if ByID(l.ID) != l {
			t.Errorf("%s is not found by its id", l.ID)
		}
		for _, name := range []string{"id " + l.ID, "name " + l.Name, "name " + l.CheckName()} {
			if other := taken[name]; other != nil && other != l {
				t.Errorf("%s and %s share the %s", l.ID, other.ID, name)
			}
			taken[name] = l
		}
		if l.InWords() == "" || l.Figure == "" || l.Compare == nil {
			t.Errorf("%s lacks words, a measurement or a comparison: %+v", l.ID, l)
		}
	}
	if ByID("no-such-law") != nil {
		t.Error("a law is found that there is not")
	}
}

package image

import (
	"testing"

	"github.com/lab99/lab99/lab/image/recipe"
)

func TestSubstitutionIsNotedUnlessItIsWhatWasAsked(t *testing.T) {
	for _, tc := range []struct{ ref, version, want string }{
		{"nginx:1.30", "1.22.1", "asked for nginx:1.30, used nginx 1.22.1 assembled from bookworm packages: another version"},
		{"nginx:1.30", "1.30.6", "asked for nginx:1.30, used nginx 1.30.6 assembled from bookworm packages"},
		{"nginx:1.3", "1.30.6", "asked for nginx:1.3, used nginx 1.30.6 assembled from bookworm packages: another version"},
		{"nginx:latest", "1.22.1", "asked for nginx:latest, used nginx 1.22.1 assembled from bookworm packages"},
		{"apt:bookworm", "1.22.1", ""},
	} {
		r, err := recipe.ParseRef(tc.ref)
		if err != nil {
			t.Fatal(err)
		}
		if got := substitution(r, nginxRole, tc.version, "bookworm"); got != tc.want {
			t.Errorf("%s with %s:\n got %q\nwant %q", tc.ref, tc.version, got, tc.want)
		}
	}
}

package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lab99/lab99/lab/image/recipe"
)

// recipeRevision changes when the code that follows a recipe does; the recipes'
// own contents are hashed beside it.
const recipeRevision = 1

// hashOf identifies a recipe together with what it is applied to.
func hashOf(r recipe.Recipe, suite, arch string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s %s\n%q %q %q %q %q %q %q %+v\n", recipeRevision, suite, arch,
		r.Seeds, r.Program, r.Files, r.Dirs, r.Modules, r.Worth, r.Version, r.Config)
	for _, name := range slices.Sorted(maps.Keys(r.Static)) { // fmt sorts the other maps
		fmt.Fprintf(h, "%s %v %q %q\n", name, r.Static[name].Mode, r.Static[name].Data, r.Static[name].Link)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// substitution says how an assembled image differs from what was asked; "" when
// an assembled image is what was asked.
func substitution(r recipe.Ref, role Role, version, suite string) string {
	if r.Suite != "" {
		return ""
	}
	note := fmt.Sprintf("asked for %s, used %s %s assembled from %s packages", r.Text, role, version, suite)
	if v := r.Version(); v != "" && version != v && !strings.HasPrefix(version, v+".") {
		note += ": another version"
	}
	return note
}

package netns

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// TestAbilitiesAreTriedOnce for a boot, unless they are to be fresh. What a module or
// a privilege could change is tried again.
func TestAbilitiesAreTriedOnce(t *testing.T) {
	d := open(t)
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	first, err := d.Abilities(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !first.Tried() {
		t.Errorf("nothing was found: %v", first.Unknown)
	}
	if !first.Lasts() {
		t.Skipf("this machine's abilities are not kept: %+v", first)
	}
	began := time.Now()
	again, err := d.Abilities(t.Context(), false)
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("the second time %+v, %v; the first %+v", again, err, first)
	}
	if took := time.Since(began); took > 50*time.Millisecond {
		t.Errorf("to recall it took %v", took)
	}
	// Another user may do something else: a user namespace has its own.
	user := &Driver{rootless: true, machine: d.machine}
	if f, err := user.Abilities(t.Context(), false); err != nil || !f.Tried() {
		t.Errorf("without root: %v, %v", f.Unknown, err)
	}
	fresh, err := Abilities(t.Context(), true)
	if err != nil || reflect.DeepEqual(fresh, again) {
		t.Errorf("the same was found anew to the tenth of a nanosecond: %+v, %v", fresh, err)
	}
	// A cache that cannot be written is no error.
	t.Setenv("XDG_CACHE_HOME", filepath.Join(cache, "file"))
	if err := os.WriteFile(filepath.Join(cache, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Abilities(t.Context(), false); err != nil {
		t.Errorf("without a cache: %v", err)
	}
}

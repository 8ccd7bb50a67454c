package netns

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/lab99/lab99/lab/ability"
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
	if len(first.Unknown) == len(ability.All) {
		t.Errorf("nothing was found: %v", first.Unknown)
	}
	if !first.Lasts() {
		t.Skipf("this machine's abilities are not kept: %+v", first)
	}
	again, err := d.Abilities(t.Context(), false)
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("the second time %+v, %v; the first %+v", again, err, first)
	}
	// No kernel ticks so often: what is remembered is not tried.
	key, _ := ability.KeyOf(d.machine.Kernel, !d.rootless)
	hz := 12345
	again.HZ = &hz
	ability.Keep(key, again)
	if f, err := d.Abilities(t.Context(), false); err != nil || *f.HZ != hz {
		t.Errorf("what was remembered was tried: %+v, %v", f, err)
	}
	// Another user may do something else: a user namespace has its own.
	user := &Driver{rootless: true, machine: d.machine}
	if f, err := user.Abilities(t.Context(), false); err != nil || len(f.Unknown) == len(ability.All) {
		t.Errorf("without root: %v, %v", f.Unknown, err)
	}
	fresh, err := Abilities(t.Context(), true)
	if err != nil || fresh.HZ != nil && *fresh.HZ == hz {
		t.Errorf("what was to be fresh is %+v, %v", fresh, err)
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

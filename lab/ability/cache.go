package ability

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// cacheFormat changes when an ability is tried in another way, or there is one
// more.
const cacheFormat = 2

// Key is what a kernel's abilities hold for: until the next boot, and for a user
// who may do as much.
type Key struct {
	Format int    `json:"format"`
	Boot   string `json:"boot"`
	Kernel string `json:"kernel"`
	Root   bool   `json:"root"` // tried as root, not in a user namespace
}

// bootID is of the kernel that runs.
const bootID = "/proc/sys/kernel/random/boot_id"

// KeyOf is the key of what is tried on the kernel that runs, whose release is
// given. It is false where the boot cannot be told.
func KeyOf(kernel string, root bool) (Key, bool) {
	b, err := os.ReadFile(bootID)
	boot := strings.TrimSpace(string(b))
	return Key{cacheFormat, boot, kernel, root}, err == nil && boot != ""
}

// kept is the file of a cache.
type kept struct {
	Key
	Abilities Found `json:"abilities"`
}

// cacheFile is in the user's cache, beside root file systems of servers.
func cacheFile() (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "lab99", "abilities.json"), err
}

// Lasts says whether what was found holds until the next boot: what is not there
// may come with a module or a sysctl, and what is not known with a privilege. The
// kernel is built with the rest, or without.
func (f Found) Lasts() bool {
	for _, b := range []*bool{f.InetDiag, f.UserNamespaces} {
		if b == nil || !*b {
			return false
		}
	}
	return len(f.Unknown) == 0
}

// Recall returns what was found before. One kernel is remembered, the last.
func Recall(k Key) (Found, bool) {
	name, err := cacheFile()
	if err != nil {
		return Found{}, false
	}
	b, err := os.ReadFile(name)
	var f kept
	if err != nil || json.Unmarshal(b, &f) != nil || f.Key != k {
		return Found{}, false
	}
	return f.Abilities, true
}

// Keep remembers what was found. A cache that cannot be written is no error: it
// is tried again the next time.
func Keep(k Key, f Found) {
	name, err := cacheFile()
	if err != nil || os.MkdirAll(filepath.Dir(name), 0o755) != nil {
		return
	}
	b, err := json.Marshal(kept{k, f})
	if err != nil {
		return
	}
	// Renamed into place: another command may read it now.
	fresh, err := os.CreateTemp(filepath.Dir(name), "abilities-*")
	if err != nil {
		return
	}
	_, err = fresh.Write(b)
	if fresh.Close() != nil || err != nil || os.Rename(fresh.Name(), name) != nil {
		os.Remove(fresh.Name())
	}
}

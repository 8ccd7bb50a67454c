package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestManPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "lab99-run.1"))
	if err != nil || !strings.Contains(string(page), "--driver") && !strings.Contains(string(page), `\-\-driver`) {
		t.Errorf("lab99-run.1 does not have --driver: %v\n%s", err, page)
	}
	for _, hidden := range []string{"agent", "backend", "netns-init", "doctor-inside"} {
		if _, err := os.Stat(filepath.Join(dir, "lab99-"+hidden+".1")); err == nil {
			t.Errorf("%s, which nobody types, has a page", hidden)
		}
	}
}

package trace

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/lab99/lab99/internal/filetest"
	"github.com/lab99/lab99/internal/needs"
)

// TestLoadedCodeIsOfferedUnderTheGPL: what the kernel is told is true of each file that has
// instructions.
func TestLoadedCodeIsOfferedUnderTheGPL(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		text := filetest.Read(t, name)
		if !strings.Contains(string(text), `"github.com/cilium/ebpf/asm"`) || strings.HasSuffix(name, "_test.go") {
			continue
		}
		found++
		if !strings.HasPrefix(string(text), "// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only\n") {
			t.Errorf("%s has instructions and does not say that it is under the GPL, too", name)
		}
	}
	if found == 0 {
		t.Error("no file has instructions")
	}
}

// TestKernelInsistsOnTheGPL: the project's own licence would be the simpler word.
func TestKernelInsistsOnTheGPL(t *testing.T) {
	needs.Root(t)
	where, err := kernelOffsets()
	if err != nil {
		t.Fatal(err)
	}
	for licence, want := range map[string]bool{"Apache-2.0": false, licence: true} {
		s := spec(where, 0, usual)
		for _, p := range s.Programs {
			p.License = licence
		}
		c, err := ebpf.NewCollection(s)
		if (err == nil) != want {
			t.Errorf("%s: %v, want it to be taken: %v", licence, err, want)
		}
		if c != nil {
			c.Close()
		}
	}
}

package distro

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// object writes a minimal ELF file: a dynamic section, its strings and, for a
// program, the dynamic linker's path.
func object(interp string, needed ...string) []byte {
	const ehsize, phsize, shsize = 64, 56, 64
	strtab := []byte{0}
	var dyn bytes.Buffer
	for _, n := range needed {
		binary.Write(&dyn, binary.LittleEndian, elf.Dyn64{Tag: int64(elf.DT_NEEDED), Val: uint64(len(strtab))})
		strtab = append(append(strtab, n...), 0)
	}
	binary.Write(&dyn, binary.LittleEndian, elf.Dyn64{Tag: int64(elf.DT_NULL)})

	linker := append([]byte(interp), 0)
	phnum := 0
	if interp != "" {
		phnum = 1
	}
	linkerAt := uint64(ehsize + phnum*phsize)
	strAt := linkerAt + uint64(len(linker))
	dynAt := strAt + uint64(len(strtab))
	shAt := dynAt + uint64(dyn.Len())

	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: ehsize,
		Phoff: ehsize, Phentsize: phsize, Phnum: uint16(phnum), Shoff: shAt, Shentsize: shsize, Shnum: 3, Shstrndx: 1}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01") // 64 bits, little endian, version 1
	binary.Write(&b, binary.LittleEndian, h)
	if interp != "" {
		n := uint64(len(linker))
		binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(elf.PT_INTERP), Off: linkerAt, Filesz: n, Memsz: n})
	}
	b.Write(linker)
	b.Write(strtab)
	b.Write(dyn.Bytes())
	binary.Write(&b, binary.LittleEndian, elf.Section64{})
	binary.Write(&b, binary.LittleEndian, elf.Section64{
		Type: uint32(elf.SHT_STRTAB),
		Off:  strAt,
		Size: uint64(len(strtab)),
	})
	binary.Write(&b, binary.LittleEndian, elf.Section64{
		Type:    uint32(elf.SHT_DYNAMIC),
		Off:     dynAt,
		Size:    uint64(dyn.Len()),
		Link:    1,
		Entsize: 16,
	})
	return b.Bytes()
}

// unpacked is a selection whose packages are all here: name to path to file.
func unpacked(depends map[string][]string, packages map[string]map[string]File) *Selection {
	s := &Selection{
		archive: &Archive{},
		closure: map[string]pkg{},
		virtual: map[string]string{},
		fetched: map[string]bool{},
		used:    map[string]bool{},
		tree:    newTree(),
		libs:    map[string]string{},
	}
	for name, files := range packages {
		s.closure[name] = pkg{Name: name, Version: "1.0-1", Depends: depends[name]}
		s.fetched[name] = true
		for path, f := range files {
			s.tree.files[canonical(path)], s.tree.owner[canonical(path)] = f, name
		}
	}
	return s
}

const linker = "/lib64/ld-linux-x86-64.so.2"

func libc() map[string]File {
	return map[string]File{
		"/lib/x86_64-linux-gnu/libc.so.6":            {Data: object("", "ld-linux-x86-64.so.2")},
		"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2": {Data: object("")},
		linker: {Link: "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"},
	}
}

func TestLinkTakesTheClosureAndNothingElse(t *testing.T) {
	s := unpacked(nil, map[string]map[string]File{
		"server": {"usr/sbin/server": {Data: object(linker, "libfoo.so.1", "libc.so.6")}},
		"libfoo": {
			"usr/lib/x86_64-linux-gnu/libfoo.so.1":         {Link: "libfoo.so.1.2.3"},
			"usr/lib/x86_64-linux-gnu/libfoo.so.1.2.3":     {Data: object("", "libbar.so.2", "libc.so.6")},
			"usr/lib/x86_64-linux-gnu/plugins/libbar.so.2": {Data: []byte("a plugin, not the library")},
		},
		"libbar": {"usr/lib/libbar.so.2": {Data: object("", "libc.so.6")}, "usr/lib/libother.so.2": {Data: object("")}},
		"libc6":  libc(),
		"libgcc": {"lib/x86_64-linux-gnu/libgcc_s.so.1": {Data: object("", "libc.so.6")}},
	})
	files, err := s.Link(t.Context(), "usr/sbin/server")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"lib64/ld-linux-x86-64.so.2",
		"usr/lib/libbar.so.2",
		"usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"usr/lib/x86_64-linux-gnu/libc.so.6",
		"usr/lib/x86_64-linux-gnu/libfoo.so.1",
		"usr/lib/x86_64-linux-gnu/libgcc_s.so.1", // no header names it: glibc opens it when a thread exits
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(files))); diff != "" {
		t.Error(diff)
	}
	if l := files["lib64/ld-linux-x86-64.so.2"].Link; l != "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" {
		t.Errorf("dynamic linker is a link to %q", l)
	}
	if got := files["usr/lib/x86_64-linux-gnu/libfoo.so.1"]; got.Link != "" || len(got.Data) == 0 {
		t.Error("a library is a link to a name that is not taken along")
	}
	wantPackages := []string{"libbar=1.0-1", "libc6=1.0-1", "libfoo=1.0-1", "libgcc=1.0-1"}
	if diff := cmp.Diff(wantPackages, s.Packages()); diff != "" {
		t.Error(diff)
	}
}

func TestMissingLibraryStopsTheBuildWithItsName(t *testing.T) {
	s := unpacked(map[string][]string{"server": {"libfoo"}}, map[string]map[string]File{
		"server": {"usr/sbin/server": {Data: object(linker, "libgone.so.7")}},
		"libfoo": {},
		"libc6":  libc(),
	})
	_, err := s.Link(t.Context(), "usr/sbin/server")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"/usr/sbin/server", "package server 1.0-1", "libgone.so.7", "libfoo"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not name %q: %v", want, err)
		}
	}
}

func TestModuleWithFurtherLibrariesIsNotLinked(t *testing.T) {
	s := unpacked(nil, map[string]map[string]File{
		"server": {
			"usr/sbin/server":    {Data: object(linker, "libc.so.6")},
			"usr/lib/m/plain.so": {Data: object("", "libc.so.6")},
			"usr/lib/m/tls.so":   {Data: object("", "libssl.so.3")},
			"usr/lib/m/text":     {Data: []byte("not ELF")},
		},
		"libc6":  libc(),
		"libgcc": {"lib/x86_64-linux-gnu/libgcc_s.so.1": {Data: object("")}},
	})
	if _, err := s.Link(t.Context(), "usr/sbin/server"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"usr/lib/m/plain.so": true,
		"usr/lib/m/tls.so":   false,
		"usr/lib/m/text":     false,
		"usr/lib/m/none":     false,
	} {
		if got := s.Linked(name); got != want {
			t.Errorf("Linked(%s) = %v", name, got)
		}
	}
}

func TestDependenciesGoThroughProvidersAndLeaveOutWhatAptDidNotChoose(t *testing.T) {
	s := unpacked(map[string][]string{"a": {"b", "virtual", "unchosen"}},
		map[string]map[string]File{"a": {}, "b": {}, "real": {}})
	s.virtual["virtual"] = "real"
	if diff := cmp.Diff([]string{"b", "real"}, s.dependencies([]string{"a"})); diff != "" {
		t.Error(diff)
	}
}

func TestLinksThatLoopAreNotFollowedForever(t *testing.T) {
	tr := newTree()
	tr.files["usr/a"], tr.files["usr/b"] = File{Link: "b"}, File{Link: "/usr/a"}
	if _, _, ok := tr.open("/usr/a"); ok {
		t.Error("a loop of links was resolved")
	}
}

func TestCanonicalPathStaysInTheTree(t *testing.T) {
	for in, want := range map[string]string{
		"./usr/sbin/nginx": "usr/sbin/nginx",
		"/lib/x/libc.so.6": "usr/lib/x/libc.so.6",
		"lib64/ld.so":      "usr/lib64/ld.so",
		"../../etc/passwd": "etc/passwd",
		"library/x":        "library/x",
		"sbin":             "usr/sbin",
	} {
		if got := canonical(in); got != want {
			t.Errorf("canonical(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzLinkage(f *testing.F) {
	f.Add(object(linker, "libc.so.6", "libm.so.6"))
	f.Add(object(""))
	f.Add([]byte("#!/bin/sh\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		interp, _, err := linkage(data)
		if err == nil && len(interp) > 4096 {
			t.Fatalf("dynamic linker's path of %d bytes", len(interp))
		}
	})
}

// TestFindByPattern: the package of a kernel is a mere name, and where
// its parts are differs from release to release.
func TestFindByPattern(t *testing.T) {
	s := unpacked(nil, map[string]map[string]File{
		"linux-image": {
			"/boot/vmlinuz-5.10": {Data: []byte("image")},
			"/boot/config-5.10":  {},
			"/boot/vmlinuz":      {Link: "vmlinuz-5.10"},
		},
		"modules": {"/lib/modules/5.10/b/x.ko": {}, "/lib/modules/5.10/a.ko": {}, "/lib/modules-load.d/y": {}},
	})
	got, err := s.Find(t.Context(), "boot/no-*", "boot/vmlinuz*")
	if err != nil || got != "boot/vmlinuz-5.10" {
		t.Errorf("found %q, %v", got, err)
	}
	if _, err := s.Find(t.Context(), "boot/initrd*", "usr/initrd*"); err == nil ||
		!strings.Contains(err.Error(), "/boot/initrd* or /usr/initrd*") {
		t.Errorf("%v does not say what was looked for", err)
	}
	want := []string{"usr/lib/modules/5.10/a.ko", "usr/lib/modules/5.10/b/x.ko"}
	if diff := cmp.Diff(want, s.Below("/lib/modules")); diff != "" {
		t.Error(diff)
	}
}

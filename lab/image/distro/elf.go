package distro

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"strings"
)

// linkage returns the dynamic linker (PT_INTERP; "" for a library) and the
// shared libraries (DT_NEEDED) that an ELF file asks for.
func linkage(data []byte) (interp string, needed []string, err error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return "", nil, err
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		if p.Filesz > 4096 { // PATH_MAX: the kernel refuses longer ones as well
			return "", nil, fmt.Errorf("dynamic linker's path is %d bytes long", p.Filesz)
		}
		b, err := io.ReadAll(p.Open())
		if err != nil {
			return "", nil, fmt.Errorf("read PT_INTERP: %w", err)
		}
		interp = strings.TrimRight(string(b), "\x00")
	}
	needed, err = f.ImportedLibraries()
	if err != nil {
		return "", nil, fmt.Errorf("read DT_NEEDED: %w", err)
	}
	return interp, needed, nil
}

// dlopened lists what no ELF header names: glibc loads libgcc_s when a thread
// is cancelled or exits, and aborts the process without it.
func dlopened(soname string) []string {
	if soname == "libc.so.6" {
		return []string{"libgcc_s.so.1"}
	}
	return nil
}

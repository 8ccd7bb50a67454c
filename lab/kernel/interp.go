package kernel

import (
	"bytes"
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"os"
)

// linker is the name under which a program of a suite has its own dynamic linker
// beside it.
const linker = "ld.so"

// relink returns a program that asks for the dynamic linker of its own directory,
// in which it must be started. The kernel takes a relative path like any other
// (fs/binfmt_elf.c, load_elf_binary), and the bytes after its end do not matter.
//
// A program of a newer suite needs that suite's libc, and with it that libc's
// linker. To start the linker with the program as its argument will not do for
// user-mode Linux: it then lies where it wants to put its guest's memory, and says
// "Too few physical memory". patchelf would do the same as this, as one more
// package.
func relink(program []byte) ([]byte, error) {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		if p.Filesz <= uint64(len(linker)) || p.Off+p.Filesz > uint64(len(program)) {
			return nil, fmt.Errorf("no room for another dynamic linker's name in %d bytes", p.Filesz)
		}
		out := bytes.Clone(program)
		room := out[p.Off : p.Off+p.Filesz]
		clear(room)
		copy(room, linker)
		return out, nil
	}
	return nil, errStatic
}

// Static says why a program cannot run in a guest, which has no libraries; nil when
// it can.
func Static(name string) error {
	program, err := os.ReadFile(name)
	if err == nil {
		if _, err = relink(program); errors.Is(err, errStatic) {
			return nil
		}
		err = cmp.Or(err, errors.New("it needs a dynamic linker"))
	}
	return err
}

// errStatic is a program that needs no linker.
var errStatic = errors.New("it is linked statically")

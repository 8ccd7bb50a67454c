package kernel

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os/exec"
	"path"
	"strings"
)

// wanted are the modules of a guest: its disk, and what a lab is made of. A kernel
// that has one built in has no file of it.
var wanted = []string{"virtio_pci", "virtio_blk", "veth", "bridge", "overlay", "tcp_diag"}

// A module is a file that the guest's init loads.
type module struct {
	name string
	data []byte
}

// modules returns those wanted that the package has, and what they depend on, in
// the order in which they load. files are the paths of all modules, by which open
// reads them.
//
// The dependencies are in the modules themselves: modules.dep is written by a
// maintainer script, which never runs here.
func modules(ctx context.Context, files []string, open func(string) ([]byte, error)) ([]module, error) {
	where := map[string]string{}
	for _, f := range files {
		if name, _, ok := strings.Cut(path.Base(f), ".ko"); ok {
			where[plainName(name)] = f
		}
	}
	var order []module
	seen := map[string]bool{}
	var load func(name string) error
	load = func(name string) error {
		file, ok := where[name]
		if !ok || seen[name] {
			return nil
		}
		seen[name] = true
		data, err := open(file)
		if err != nil {
			return err
		}
		if data, err = decompress(ctx, file, data); err != nil {
			return fmt.Errorf("module %s: %w", file, err)
		}
		needs, err := depends(data)
		if err != nil {
			return fmt.Errorf("module %s: %w", file, err)
		}
		for _, n := range needs {
			if err := load(n); err != nil {
				return err
			}
		}
		order = append(order, module{name, data})
		return nil
	}
	for _, name := range wanted {
		if err := load(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// plainName is the kernel's own spelling of a module's name: files have either.
func plainName(name string) string { return strings.ReplaceAll(name, "-", "_") }

// depends returns the modules that one names in its .modinfo section, which holds
// strings of the form key=value.
func depends(data []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("no section .modinfo")
	}
	info, err := s.Data()
	if err != nil {
		return nil, err
	}
	for field := range bytes.SplitSeq(info, []byte{0}) {
		if list, ok := strings.CutPrefix(string(field), "depends="); ok && list != "" {
			return strings.Split(plainName(list), ","), nil
		}
	}
	return nil, nil
}

// decompress undoes what the packages of newer suites do to modules. Kernels of
// old ones cannot do it by themselves.
func decompress(ctx context.Context, name string, data []byte) ([]byte, error) {
	program := map[string]string{".xz": "xz", ".zst": "zstd", ".gz": "gzip"}[path.Ext(name)]
	if program == "" {
		return data, nil
	}
	cmd := exec.CommandContext(ctx, program, "-dc")
	cmd.Stdin = bytes.NewReader(data)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(complaint.String()))
	}
	return out, nil
}

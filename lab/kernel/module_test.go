package kernel

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lab99/lab99/internal/filetest"
)

// moduleFile writes the least ELF file that has a section .modinfo.
func moduleFile(t *testing.T, info ...string) []byte {
	t.Helper()
	const ehsize, shsize = 64, 64
	text := []byte(strings.Join(info, "\x00") + "\x00")
	names := []byte("\x00.modinfo\x00.shstrtab\x00")
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: ehsize,
		Shoff: uint64(ehsize + len(text) + len(names)), Shentsize: shsize, Shnum: 3, Shstrndx: 2}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01")
	write := func(v any) {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	write(h)
	b.Write(text)
	b.Write(names)
	write(elf.Section64{})
	write(elf.Section64{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: ehsize, Size: uint64(len(text))})
	write(elf.Section64{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(ehsize + len(text)), Size: uint64(len(names))})
	return b.Bytes()
}

func TestModulesComeAfterWhatTheyNeed(t *testing.T) {
	files := map[string][]byte{
		"lib/modules/1/kernel/net/bridge/bridge.ko":   moduleFile(t, "license=GPL", "depends=stp,llc", "name=bridge"),
		"lib/modules/1/kernel/net/802/stp.ko":         moduleFile(t, "depends=llc"),
		"lib/modules/1/kernel/net/llc/llc.ko":         moduleFile(t, "depends="),
		"lib/modules/1/kernel/net/ipv4/inet_diag.ko":  moduleFile(t, "name=inet_diag"),
		"lib/modules/1/kernel/net/ipv4/tcp_diag.ko":   moduleFile(t, "depends=inet-diag"),
		"lib/modules/1/kernel/fs/overlayfs/other.ko":  moduleFile(t, "depends="),
		"lib/modules/1/kernel/drivers/net/veth.ko.gz": gzipped(t, moduleFile(t, "depends=built_in")),
	}
	list, err := modules(t.Context(), keys(files), func(name string) ([]byte, error) { return files[name], nil })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range list {
		got = append(got, m.name)
		if !bytes.HasPrefix(m.data, []byte(elf.ELFMAG)) {
			t.Errorf("%s is still compressed", m.name)
		}
	}
	if diff := cmp.Diff([]string{"veth", "llc", "stp", "bridge", "inet_diag", "tcp_diag"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestBrokenModuleIsNamed(t *testing.T) {
	_, err := modules(t.Context(), []string{"x/veth.ko"}, func(string) ([]byte, error) { return []byte("text"), nil })
	if err == nil || !strings.Contains(err.Error(), "x/veth.ko") {
		t.Errorf("%v does not name the file", err)
	}
}

func keys(m map[string][]byte) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	return names
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	cmd := exec.Command("gzip", "-c")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Skip("no gzip here: ", err)
	}
	return out
}

// TestRelinkedProgramRuns: with the linker of its own directory, which it needs,
// and not without.
func TestRelinkedProgramRuns(t *testing.T) {
	program, err := exec.LookPath("true")
	if err != nil {
		t.Skip(err)
	}
	data := filetest.Read(t, program)
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		t.Skip(err)
	}
	var interp string
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			interp = strings.TrimRight(string(data[p.Off:p.Off+p.Filesz]), "\x00")
		}
	}
	if interp == "" {
		t.Skipf("%s is linked statically", program)
	}
	relinked, err := relink(data)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := filepath.Join(dir, "program")
	if err := os.WriteFile(at, relinked, 0o755); err != nil {
		t.Fatal(err)
	}
	run := func() error {
		cmd := exec.Command(at)
		cmd.Dir = dir
		return cmd.Run()
	}
	if err := run(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without the linker beside it: %v, want that there is no such file", err)
	}
	ld := filetest.Read(t, interp)
	if err := os.WriteFile(filepath.Join(dir, linker), ld, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := run(); err != nil {
		t.Errorf("with the linker beside it: %v", err)
	}
	if err := Static(at); err == nil {
		t.Errorf("%s is taken for a static program", at)
	}
}

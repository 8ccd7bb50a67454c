package image

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/lab99/lab99/lab/image/recipe"
	_ "github.com/lab99/lab99/lab/proxy/kinds"
)

func dir(mode fs.FileMode) entry  { return entry{mode: fs.ModeDir | mode} }
func text(s string) entry         { return entry{mode: 0o644, data: []byte(s)} }
func symlink(target string) entry { return entry{mode: fs.ModeSymlink | 0o777, link: target} }

func TestLayerIsSortedWithParentsAndNoDates(t *testing.T) {
	root := map[string]entry{
		"usr/sbin/x": {mode: 0o755, data: []byte("program")},
		"etc/passwd": text("root\n"),
		"tmp":        dir(fs.ModeSticky | 0o777),
		"var/run":    symlink("/run"),
	}
	first, err := layer(root)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 { // map order differs from run to run
		again, err := layer(root)
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("the same files gave another layer (err %v)", err)
		}
	}
	var got []string
	for r := tar.NewReader(bytes.NewReader(first)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.ModTime.Unix() != 0 {
			t.Errorf("%s is of user %d and dated %v", h.Name, h.Uid, h.ModTime)
		}
		got = append(got, fmt.Sprintf("%c %o %s %s", h.Typeflag, h.Mode, h.Name, h.Linkname))
	}
	want := []string{
		"5 755 etc/ ", "0 644 etc/passwd ", "5 1777 tmp/ ", "5 755 usr/ ", "5 755 usr/sbin/ ",
		"0 755 usr/sbin/x ", "5 755 var/ ", "2 777 var/run /run",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRecipeHashFollowsTheRecipe(t *testing.T) {
	hash := func(change func(*recipe.Recipe), suite, arch string) string {
		r, err := recipe.For("nginx")
		if err != nil {
			t.Fatal(err)
		}
		change(&r)
		return hashOf(r, suite, arch)
	}
	same := func(*recipe.Recipe) {}
	base := hash(same, "bookworm", "amd64")
	if hash(same, "bookworm", "amd64") != base {
		t.Error("the same recipe has two hashes")
	}
	for what, other := range map[string]string{
		"suite":        hash(same, "forky", "amd64"),
		"architecture": hash(same, "bookworm", "arm64"),
		"seeds":        hash(func(r *recipe.Recipe) { r.Seeds = []string{"nginx-light"} }, "bookworm", "amd64"),
		"static file":  hash(func(r *recipe.Recipe) { r.Static["etc/group"] = recipe.Text("") }, "bookworm", "amd64"),
		"command":      hash(func(r *recipe.Recipe) { r.Config.Cmd = nil }, "bookworm", "amd64"),
	} {
		if other == base {
			t.Errorf("another %s has the same hash", what)
		}
	}
}

// executable is an ELF header with at most one program header.
func executable(machine elf.Machine, progs ...elf.ProgType) []byte {
	var b bytes.Buffer
	h := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1, Ehsize: 64,
		Phoff: 64, Phentsize: 56, Phnum: uint16(len(progs))}
	copy(h.Ident[:], elf.ELFMAG+"\x02\x01\x01") // 64 bits, little endian, version 1
	binary.Write(&b, binary.LittleEndian, h)
	for _, p := range progs {
		binary.Write(&b, binary.LittleEndian, elf.Prog64{Type: uint32(p)})
	}
	return b.Bytes()
}

func TestAgentBinaryMustBeStaticLinux(t *testing.T) {
	if arch, err := binaryArch(executable(elf.EM_AARCH64, elf.PT_LOAD)); arch != "arm64" || err != nil {
		t.Errorf("static arm64 binary: %q, %v", arch, err)
	}
	for want, binary := range map[string][]byte{
		"not a Linux executable": []byte("MZ, as a program of Windows begins"),
		"CGO_ENABLED=0":          executable(elf.EM_X86_64, elf.PT_INTERP),
		"EM_SPARC":               executable(elf.EM_SPARC, elf.PT_LOAD),
	} {
		if _, err := binaryArch(binary); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("err = %v, want one with %q", err, want)
		}
	}
}

func TestUnavailableErrorQuotesBothCausesAndNamesThreeWaysOut(t *testing.T) {
	pull, apt := errors.New("no such host"), errors.New("apt-get is not on the PATH")
	err := error(&UnavailableError{Role: nginxRole, Ref: "nginx:1.30", Mode: Auto, Pull: pull, Assemble: apt})
	for _, want := range []string{
		"nginx:1.30", "no such host", "apt-get is not on the PATH", "docker pull nginx:1.30", "--images registry",
		"--images local",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
	if !errors.Is(err, pull) || !errors.Is(err, apt) {
		t.Error("the causes cannot be unwrapped")
	}
}

// TestArchiveIsReproducible: the same files give the same bytes, as an archive
// for the engine, under the tag and with the labels and the one layer as given.
func TestArchiveIsReproducible(t *testing.T) {
	r, err := recipe.For("nginx")
	if err != nil {
		t.Fatal(err)
	}
	root := map[string]entry{"usr/sbin/nginx": {mode: 0o755, data: []byte("program")}, "var/run": symlink("/run")}
	r.Config.Labels = map[string]string{LabelRole: "nginx", LabelVersion: "1.2.3"}
	eng := &shelf{}
	for range 2 {
		if err := load(t.Context(), eng, "lab99/nginx:test", "arm64", r.Config, root); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(eng.archives[0], eng.archives[1]) {
		t.Error("the same files gave another archive")
	}
	tag, err := name.NewTag("lab99/nginx:test")
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(eng.archives[0])), nil },
		&tag)
	if err != nil {
		t.Fatal(err)
	}
	conf, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.Config.Labels, conf.Config.Labels); diff != "" {
		t.Error(diff)
	}
	if conf.Architecture != "arm64" || conf.OS != "linux" || conf.Config.StopSignal != "SIGQUIT" ||
		!slices.Equal(conf.Config.Cmd, r.Config.Cmd) ||
		!slices.Equal(conf.Config.Env, r.Config.Env) || len(conf.History) != 1 || !conf.Created.Equal(time.Unix(0, 0)) {
		t.Errorf("%+v", conf)
	}
	fsys, err := layer(root)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256(fsys)); len(conf.RootFS.DiffIDs) != 1 ||
		conf.RootFS.DiffIDs[0].String() != want {
		t.Errorf("layers %v, want %s", conf.RootFS.DiffIDs, want)
	}
}

// shelf is an engine that keeps what is loaded.
type shelf struct {
	Engine
	archives [][]byte
}

func (s *shelf) Load(_ context.Context, archive io.Reader) error {
	b, err := io.ReadAll(archive)
	s.archives = append(s.archives, b)
	return err
}

const nginxRole Role = "nginx"

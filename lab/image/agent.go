package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// AgentProgram is where the binary sits in the agent's image.
const AgentProgram = "/lab99"

// Agent loads the static lab99 binary at path as an image of that one file, for
// the processes that run inside the lab's hosts. The image is named by the
// binary's hash, so a binary that the engine has is not sent again.
func Agent(ctx context.Context, eng Engine, path string) (Image, error) {
	binary, err := os.ReadFile(path)
	if err != nil {
		return Image{}, fmt.Errorf("agent binary: %w", err)
	}
	arch, err := binaryArch(binary)
	if err != nil {
		return Image{}, fmt.Errorf("agent binary %s: %w; `make build` makes one for the engine", path, err)
	}
	its, err := eng.Arch(ctx)
	if err != nil {
		return Image{}, err
	}
	if its != arch {
		return Image{}, fmt.Errorf("agent binary %s is for %s, the engine is %s; `make build` makes one for the engine",
			path, arch, its)
	}

	sum := sha256.Sum256(binary)
	hash := hex.EncodeToString(sum[:])[:16]
	img := Image{Requested: path, Used: "lab99/agent:" + hash, Source: Present, Program: AgentProgram}
	found, err := eng.Inspect(ctx, img.Used)
	if errors.Is(err, fs.ErrNotExist) {
		img.Source = Assembled
		config := ocispec.ImageConfig{
			Entrypoint: []string{AgentProgram},
			Labels:     map[string]string{LabelRole: RoleAgent, LabelRequested: hash},
		}
		files := map[string]entry{AgentProgram[1:]: {mode: 0o755, data: binary}}
		if err := load(ctx, eng, img.Used, arch, config, files); err != nil {
			return Image{}, err
		}
		found, err = eng.Inspect(ctx, img.Used)
	}
	img.ID = found.ID
	return img, err
}

// binaryArch returns the GOARCH of a static Linux executable. In an image of
// one file a dynamic one would fail with "no such file or directory", which
// names neither the linker it lacks nor the cure.
func binaryArch(binary []byte) (string, error) {
	f, err := elf.NewFile(bytes.NewReader(binary))
	if err != nil {
		return "", fmt.Errorf("not a Linux executable: %w", err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", fmt.Errorf("dynamically linked; build it with CGO_ENABLED=0")
		}
	}
	switch f.Machine {
	case elf.EM_X86_64:
		return "amd64", nil
	case elf.EM_AARCH64:
		return "arm64", nil
	case elf.EM_ARM:
		return "arm", nil
	case elf.EM_386:
		return "386", nil
	case elf.EM_PPC64:
		return "ppc64le", nil
	case elf.EM_S390:
		return "s390x", nil
	case elf.EM_RISCV:
		return "riscv64", nil
	}
	return "", fmt.Errorf("made for %v", f.Machine)
}

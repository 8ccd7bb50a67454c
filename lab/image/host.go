package image

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/lab99/lab99/lab/image/recipe"
)

// Installed is the Source of a server that this machine itself has.
const Installed Source = "installed"

// FindInstalled returns the server that this machine has installed, for a
// driver that has no engine where packages give none. The server is run, to
// know its version and that it can be.
func FindInstalled(ctx context.Context, role Role, text string, mode Mode) (Image, error) {
	r, err := parse(role, text, mode)
	if err != nil {
		return Image{}, err
	}
	if r.Suite != "" {
		return Image{}, fmt.Errorf("%s names packages, and what is installed may be of others", text)
	}
	if err := substitutable(role, r, mode); err != nil {
		return Image{}, err
	}
	rec, err := recipe.For(string(role))
	if err != nil {
		return Image{}, err
	}
	where := rec.Installed
	program, err := where.Find()
	if err != nil {
		return Image{}, err
	}
	ask := cmp.Or(where.Ask, "-v")
	out, err := exec.CommandContext(ctx, program, ask).CombinedOutput()
	if err != nil {
		return Image{}, fmt.Errorf("%s %s: %w: %s", program, ask, err, strings.TrimSpace(string(out)))
	}
	m := where.Version.FindSubmatch(out)
	if m == nil {
		return Image{}, fmt.Errorf("%s does not say its version: %s", program, strings.TrimSpace(string(out)))
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return Image{}, err
	}
	sum := sha256.Sum256(binary)
	img := Image{Requested: text, Used: program, ID: "sha256:" + hex.EncodeToString(sum[:]), Source: Installed,
		Version: string(m[1]), Program: program}
	img.Note = fmt.Sprintf("asked for %s, used %s %s that is installed here as %s", text, role, img.Version, program)
	if len(where.Modules) > 0 {
		if img.ServerRoot, err = where.ServerRoot(); err != nil {
			return Image{}, err
		}
	}
	return img, nil
}

// Command packaging makes what people install, `make package`: deb and rpm, tarballs, a
// container image as OCI archive, checksums and a software bill of materials, in dist.
//
// It is a module of its own, as nfpm's 150 packages are none of the program's business.
// Equal sources give equal bytes: every date is that of the commit (or SOURCE_DATE_EPOCH,
// https://reproducible-builds.org/specs/source-date-epoch/), files come in the order of
// their names and belong to root.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	source := flag.String("source", "../..", "the `directory` of lab99's main module")
	out := flag.String("out", "", "the `directory` for the packages; default: dist in the source")
	only := flag.String("only", "", "one target, `OS/ARCH`; default: all of them")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(64)
	}
	if *out == "" {
		*out = filepath.Join(*source, "dist")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *source, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

// run makes the packages of all targets, or of one, in an empty directory.
func run(ctx context.Context, source, out, only string) error {
	r, err := releaseOf(ctx, source)
	if err != nil {
		return err
	}
	targets, err := chosen(only)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	shared, err := sharedFiles(ctx, r)
	if err != nil {
		return err
	}
	for _, t := range targets {
		built, err := build(ctx, r, t)
		if err != nil {
			return err
		}
		for _, p := range packers {
			if p.fits(t) {
				if err := write(filepath.Join(out, p.name(r, t)), p, r, t, append(shared, built...)); err != nil {
					return err
				}
			}
		}
	}
	return writeSums(out)
}

// Command man writes the man pages of lab99 into a directory; `make man` runs
// it. It is a program of its own so that lab99 does not carry what formats them.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra/doc"

	"github.com/lab99/lab99/lab/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man DIRECTORY")
		os.Exit(64)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// write writes one page a command. The date is fixed, so that equal sources make
// equal pages.
func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root := cli.Command()
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, &doc.GenManHeader{
		Section: "1",
		Source:  "lab99",
		Manual:  "lab99",
		Date:    new(time.Time),
	}, dir)
}

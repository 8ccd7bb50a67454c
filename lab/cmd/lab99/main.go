// Command lab99 reproduces nginx error 99 and compares what is done about it.
package main

import (
	"os"

	"github.com/lab99/lab99/lab/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

//go:build !linux

// Command kernels holds the laws against real kernels. It needs Linux.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "kernels: user-mode Linux needs Linux, and so does this")
	os.Exit(3)
}

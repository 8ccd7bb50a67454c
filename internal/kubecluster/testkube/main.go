//go:build linux

// Command testkube builds the cluster of the tests into the user's cache, so that no test
// has to wait for it. What is there is used.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/lab99/lab99/internal/kubecluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	path, err := kubecluster.Build(ctx, func(text string) { fmt.Fprintln(os.Stderr, text) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "testkube:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

// Command get prints the answer to one HTTP request; the tests run it in a
// server's network namespace, as the lab runs its agent.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	var err error
	for range 50 { // the server may still be starting
		var resp *http.Response
		if resp, err = http.Get(os.Args[1]); err == nil {
			if err = resp.Write(os.Stdout); err == nil {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

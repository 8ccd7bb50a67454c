//go:build linux

package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/lab99/lab99/loadgen"
)

// driveAlone is the smallest user of package loadgen. Its memory is the
// library's; that of lab99 is mostly of what else the program carries.
func driveAlone(ctx context.Context, url string) error {
	r, err := loadgen.Run(ctx, loadgen.Config{
		URL:         url,
		Connections: 64,
		Profile:     loadgen.Constant(10_000),
		Duration:    time.Second,
	})
	if err != nil {
		return err
	}
	report, err := r.Report()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

//go:build !linux

package driver

import "os"

func machineID() string {
	name, _ := os.Hostname()
	return name
}

func startOf(int) string { return "" }

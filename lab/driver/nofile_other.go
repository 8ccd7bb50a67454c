//go:build !linux && !darwin

package driver

func noFile() uint64 { return 0 }

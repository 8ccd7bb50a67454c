//go:build !linux

package agent

// ReapOrphans does nothing: no agent runs on this system.
func ReapOrphans() (stop func()) { return func() {} }

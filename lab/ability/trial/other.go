//go:build !linux

package trial

import (
	"runtime"

	"github.com/lab99/lab99/lab/ability"
)

// Run tries nothing here.
func Run() (ability.Found, error) {
	return ability.Nothing("this is " + runtime.GOOS + ", not Linux"), nil
}

//go:build !linux

package loadgen

import (
	"errors"
	"testing"
	"time"
)

func TestHeldConnectionsWantLinux(t *testing.T) {
	_, err := Hold(t.Context(), HeldConfig{
		URL:      "tcp://127.0.0.1:1",
		Profile:  Constant(1),
		Duration: time.Second,
		For:      time.Second,
	})
	if !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}

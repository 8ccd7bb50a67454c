//go:build soak

package diagnose

import (
	"fmt"
	"testing"

	"github.com/lab99/lab99/internal/needs"
)

// TestSoakForecast draws twelve times as many situations as TestForecast, with other
// ports, rates and moments.
func TestSoakForecast(t *testing.T) {
	needs.Root(t)
	for seed := uint64(1); seed <= 12; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { forecasts(t, seed) })
	}
}

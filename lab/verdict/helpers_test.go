package verdict

import (
	"fmt"
	"time"
)

func dur(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func yes(b bool) *bool { return &b }

func same(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

func show(b *bool) string {
	if b == nil {
		return "null"
	}
	return fmt.Sprint(*b)
}

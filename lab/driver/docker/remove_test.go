package docker

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
)

// TestUntilGone: a refusal is no failure before the time is up, and what is no refusal
// is one at once.
func TestUntilGone(t *testing.T) {
	broken := errors.New("connection refused")
	for _, tc := range []struct {
		says  []error // to one removal after the other, the last for ever
		calls int     // 0: as many as fit into the time
		want  string
	}{
		{[]error{nil}, 1, ""},
		{[]error{cerrdefs.ErrNotFound}, 1, ""},
		{[]error{cerrdefs.ErrConflict, cerrdefs.ErrInternal, cerrdefs.ErrPermissionDenied, nil}, 4, ""},
		{[]error{cerrdefs.ErrConflict, broken}, 2, "remove thing 0123456789ab: connection refused"},
		{[]error{cerrdefs.ErrInternal}, 0, "remove thing 0123456789ab: internal"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		calls := 0
		err := untilGone(ctx, "thing", "0123456789abcdef", func(context.Context) error {
			calls++
			return tc.says[min(calls, len(tc.says))-1]
		})
		cancel()
		if tc.calls > 0 && calls != tc.calls || tc.calls == 0 && calls < 2 {
			t.Errorf("%v: asked %d times, want %d", tc.says, calls, tc.calls)
		}
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%v: %v, want %q", tc.says, err, tc.want)
		}
	}
}

package verdict

import "testing"

func TestWorst(t *testing.T) {
	for _, tc := range []struct {
		codes []int
		want  int
	}{
		{nil, 0},
		{[]int{0, 0}, 0},
		{[]int{0, 2, 0}, 2},
		{[]int{1, 2}, 1},
		{[]int{70, 1}, 70},
		{[]int{2, 1}, 1}, // shown wrong outweighs not told
		{[]int{1, 3, 2}, 3},
		{[]int{3, 70, 64}, 70},
		{[]int{130, 70}, 130},
	} {
		if got := Worst(tc.codes...); got != tc.want {
			t.Errorf("of %v the worst is %d, want %d", tc.codes, got, tc.want)
		}
	}
}

package verdict

import "slices"

// severity orders the exit codes, the worst last: a claim that was shown wrong
// outweighs one that could not be told, and both are results, which a machine
// that cannot run or a fault of the harness is not.
var severity = []int{ExitAsExpected, ExitUndecided, ExitUnexpected, ExitUnfit, ExitUsage, ExitInternal, ExitInterrupted}

// Worst is the gravest of several exit codes; of none, ExitAsExpected.
func Worst(codes ...int) int {
	worst := ExitAsExpected
	for _, c := range codes {
		if slices.Index(severity, c) > slices.Index(severity, worst) {
			worst = c
		}
	}
	return worst
}

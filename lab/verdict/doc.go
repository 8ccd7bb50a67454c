// Package verdict judges a variant: what was measured against what the laws
// predicted.
//
// A verdict is one of the words below, an expectation is met, missed or cannot
// be told (true, false, nil), and every check says which law it held the
// figures against. A check that crashes becomes "cannot be told" and
// never takes the run with it.
//
// Neighbours: package lab/law has the predictions, package results the types
// that are read and filled in.
package verdict

import (
	"time"

	"github.com/lab99/lab99/lab/law"
)

// Exit codes of the command.
const (
	ExitAsExpected  = 0
	ExitUnexpected  = 1
	ExitUndecided   = 2 // invalid or inconclusive
	ExitUnfit       = 3
	ExitUsage       = 64
	ExitInternal    = 70
	ExitInterrupted = 130
)

// RhoLimit is the load factor up to which a mitigation counts as a cure.
const RhoLimit = law.SteadyRho

// LateLimit is the share of requests the generator may send late, before the
// fault, without making the run invalid.
const LateLimit = 0.01

// LatePause is forgiven in any run: what comes due in it may be late. A pause
// of 50 ms, which any shared machine takes now and then, delays 2 % of the
// requests of the shortest run and shifts nothing the laws speak of, unless it is then that
// the ports run out: for that they allow (law.Run). Beyond 10 s of load LateLimit allows more.
const LatePause = 100 * time.Millisecond

// StarvedLimit is the share of the load's time nginx may be ready to run
// without a processor, as long as it waits longer than it runs. A worker that
// needs a whole one, as in a collapse, shares it with the generator, the backend
// and the probes: it waits, but not longer than it runs.
const StarvedLimit = 0.2

// StealLimit is the share of the machine's processor time the hypervisor may
// take.
const StealLimit = 0.1

// BusyLimit is how much of its core the generator may use, on average, before
// it has to be taken for the bottleneck.
const BusyLimit = 0.9

package probe

import "github.com/lab99/lab99/results"

// TCP states as the kernel numbers them, include/net/tcp_states.h.
const (
	stateEstablished   = 1
	stateSynSent       = 2
	stateSynRecv       = 3
	stateFinWait1      = 4
	stateFinWait2      = 5
	stateTimeWait      = 6
	stateClose         = 7
	stateCloseWait     = 8
	stateLastAck       = 9
	stateListen        = 10
	stateClosing       = 11
	stateNewSynRecv    = 12 // selects request sockets in a mask; they report themselves as SYN_RECV
	stateBoundInactive = 13 // since Linux 6.8, in a mask only: bound, neither listening nor connected
	stateCount         = 14
)

// stateNames spells states as ss(8) does.
var stateNames = [stateCount]string{
	stateEstablished:   results.StateEstablished,
	stateSynSent:       results.StateSynSent,
	stateSynRecv:       "syn-recv",
	stateFinWait1:      "fin-wait-1",
	stateFinWait2:      results.StateFinWait2,
	stateTimeWait:      results.StateTimeWait,
	stateClose:         "close",
	stateCloseWait:     "close-wait",
	stateLastAck:       "last-ack",
	stateListen:        "listen",
	stateClosing:       "closing",
	stateNewSynRecv:    "syn-recv",
	stateBoundInactive: "bound-inactive",
}

// Sets of states, as idiag_states wants them.
const (
	// connectionStates leaves out listeners: they hold no tuple. The bit of
	// NEW_SYN_RECV is needed besides SYN_RECV's because the kernel compares
	// the mask with the internal state and only then renames it.
	connectionStates uint32 = 1<<stateEstablished | 1<<stateSynSent | 1<<stateSynRecv |
		1<<stateFinWait1 | 1<<stateFinWait2 | 1<<stateTimeWait | 1<<stateClose |
		1<<stateCloseWait | 1<<stateLastAck | 1<<stateClosing | 1<<stateNewSynRecv

	boundStates uint32 = 1<<stateListen | 1<<stateBoundInactive
)

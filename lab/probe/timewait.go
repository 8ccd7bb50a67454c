package probe

// The counters of mini-sockets. A TIME_WAIT is one, and so is a FIN_WAIT2 whose
// process has closed.
const (
	timeWaitCreated  = "time_wait_created"  // TcpExt TW
	timeWaitKilled   = "time_wait_killed"   // TWKilled: TW's counterpart for timers of 4 s or less
	timeWaitRecycled = "time_wait_recycled" // TWRecycled
	timeWaitEnded    = "time_wait_ended"    // TW + TWKilled, where the kernel counts at the end
)

// TimeWaits makes time_wait_created mean one thing on every kernel: the
// mini-sockets made since a moment, but for those in time_wait_killed.
//
// Since Linux 5.18 TW and TWKilled grow when a mini-socket is made
// (__inet_twsk_schedule, net/ipv4/inet_timewait_sock.c; commit 27dd35e02235). Before,
// they grew when its timer ran out (tw_timer_handler, same file), so that a run of less
// than a minute counted none. One that connect() reused never gets there and is in
// TWRecycled alone (__inet_check_established, net/ipv4/inet_hashtables.c). Hence,
// on such a kernel,
//
//	made = growth of their number + TW + TWKilled + TWRecycled
//
// which lacks those that a segment ended: a RST (tcp_timewait_state_process,
// net/ipv4/tcp_minisocks.c), or on the side that accepts, the SYN of a new
// connection (TCP_TW_SYN in tcp_v4_rcv, net/ipv4/tcp_ipv4.c). Their tuples are free,
// and f is about tuples that are not. TWKilled is part of the sum: until a mini-socket ends nobody knows in
// which of the two it will be counted, so time_wait_killed is left out.
//
// Distributions move such changes between versions, so the version tells nothing.
// Where it is not known how the kernel counts, the figures tell. A kernel that
// counts at creation counts before it adds to the number of sockets. So the
// number, read first, cannot have grown by more than TW + TWKilled, read after
// it: each new one is in both, and one that ends leaves only the number. More
// mini-sockets alive than ever counted are proof of the other kind.
type TimeWaits struct {
	base  int64 // their number at the beginning
	known bool
	atEnd bool
}

// NewTimeWaits begins with a number that was read after the counters that later
// ones are relative to. atEnd says how the kernel counts; nil is unknown.
func NewTimeWaits(base int64, atEnd *bool) *TimeWaits {
	t := &TimeWaits{base: base, known: atEnd != nil}
	if t.known {
		t.atEnd = *atEnd
	}
	return t
}

// AtEnd says whether the kernel counts a TIME_WAIT when it ends, as far as known.
func (t *TimeWaits) AtEnd() bool { return t.atEnd }

// Convert corrects counters that are relative to the beginning, given the number
// of mini-sockets that was read before them.
func (t *TimeWaits) Convert(now int64, c Counters) {
	grown, counted := now-t.base, c[timeWaitCreated]+c[timeWaitKilled]
	if !t.known && grown > counted {
		t.known, t.atEnd = true, true
	}
	if !t.atEnd {
		return
	}
	c[timeWaitEnded] = counted
	c[timeWaitCreated] = max(0, grown+counted+c[timeWaitRecycled])
	delete(c, timeWaitKilled)
}

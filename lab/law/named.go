package law

import "fmt"

// A proxy that names the source port itself, as nginx does with proxy_bind IP:$port, calls
// bind() with it before connect(). Without SO_REUSEADDR the kernel refuses a port of which
// the address has any socket left, a TIME_WAIT included and whatever its destination, with
// EADDRINUSE, 98 (inet_csk_bind_conflict, net/ipv4/inet_connection_sock.c). connect() is
// never called, so error 99 does not come, and tcp_tw_reuse has no say. Of n ports in turn
//
//	K = n, whatever the destinations, and ρ = f·R·churn·T/n
//
// With SO_REUSEADDR the same port is free at once (Conduct.OwnPorts).

// NamedOK is how many requests succeed until bind() has refused every port.
var NamedOK = Law{
	ID:     "ok_before_error_98",
	Name:   "ok until bind() refuses all named ports",
	Words:  "successes before error 98",
	Unit:   "requests",
	Figure: "ok",
	More:   LessSevere,
	Compare: func(r Run) *Compared {
		n, seen := r.named(), r.Measured("ok")
		if n == nil || seen == nil {
			return nil
		}
		return &Compared{Predicted: n, Measured: seen}
	},
	Check: func(r Run) *Checked {
		n, seen := r.named(), r.Measured("ok")
		if n == nil || seen == nil {
			return nil
		}
		return &Checked{
			OK: *seen == *n, Law: "as many successes as named ports", Predicted: n, Measured: seen,
			Text: fmt.Sprintf("predicted %.0f, measured %.0f", *n, *seen),
		}
	},
}

// named is that number, where no port comes back before the load ends.
func (r Run) named() *float64 {
	known := r.Setup.NamedPorts != 0 && r.Setup.Exact()
	back := r.EndS >= 59 || r.Predicted.HoldS < 59
	used := r.Setup.fillPerS()*r.EndS >= float64(r.Predicted.Tuples)
	if !known || back || !used {
		return nil
	}
	return float(r.Predicted.Tuples)
}

// predictNamed is Predict for a proxy that names its ports: nothing fails by error 99.
func (s Setup) predictNamed(p Prediction) Prediction {
	p.SteadyOKPerS = new(min(s.RatePerS, s.RatePerS/max(p.Rho, 1e-9)))
	switch full := s.fillTime(float64(p.Tuples)); {
	case p.Rho > 1 && full <= s.Duration.Seconds():
		p.Verdict = NotReproduced
	case p.Rho > SteadyRho:
		p.Verdict = Inconclusive
	default:
		p.Verdict = s.held()
	}
	return p
}

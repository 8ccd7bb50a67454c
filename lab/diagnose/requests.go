package diagnose

// Requests are what a proxy served between two looks, and how many connections began in its
// namespace meanwhile.
type Requests struct {
	Count   int     `json:"count"`
	Begun   int64   `json:"begun"`
	Seconds float64 `json:"seconds"`
}

// accessLog is how far a log went at a look.
type accessLog struct {
	logFile
	size int64
	atS  float64 // on the machine's monotonic clock
}

// logFile is a log, by whatever name, as long as it is not rotated.
type logFile struct{ dev, ino uint64 }

// leastRequests tell a rate: of fewer, one more or less matters.
const leastRequests = 50

// requests is how many requests a second the namespace's nginx serve, and how many
// connections begin in it for each of them (law's churn); nil where one of them has logs
// that cannot be counted, or there was one look.
//
// The kernel counts what begins for the whole namespace, so what else connects there counts
// too; and requests that nginx answers by itself leave a line like the others.
func (n *Namespace) requests() (perS, churn *float64) {
	count, rate, begun := 0, 0.0, 0.0
	for i := range n.Configured {
		c := &n.Configured[i]
		switch {
		case c.Program != "nginx":
			continue
		case c.Requests == nil || c.Requests.Count < 0 || c.Requests.Begun < 0 || c.Requests.Seconds < shortestS:
			return nil, nil
		}
		count += c.Requests.Count
		rate += float64(c.Requests.Count) / c.Requests.Seconds
		begun = float64(c.Requests.Begun) / c.Requests.Seconds // the same for each of them
	}
	if count < leastRequests {
		return nil, nil
	}
	return &rate, new(begun / rate)
}

// countable says whether a second look would tell how many requests there are.
func (n *Namespace) countable() bool {
	logs := 0
	for i := range n.Configured {
		if c := &n.Configured[i]; c.Program == "nginx" {
			if c.logs == nil {
				return false
			}
			logs += len(c.logs)
		}
	}
	return logs > 0
}

package verdict

// lost counts the requests that failed once the table has filled, after one hold
// time, and all that came from then on.
func (m *Measured) lost() (failed, of float64) {
	for _, s := range m.load() {
		if s.T-s.Load.IntervalS >= m.Laws.Settled().Seconds() && s.T <= m.Totals.LoadSeconds() {
			failed, of = failed+float64(s.Load.Failed), of+float64(s.Load.OK+s.Load.Failed)
		}
	}
	return failed, of
}

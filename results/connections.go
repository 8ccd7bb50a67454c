package results

// ConnectionsPerRequest is the churn: new upstream connections per request that
// nginx took to the backend, 1 without a pool. nil: not measured. Requests that
// found no port, or no live peer, opened nothing and are not counted, or an
// outage would look like a pool.
func (v Variant) ConnectionsPerRequest() *float64 {
	if v.ReuseRatio == nil {
		return nil
	}
	return new(1 - *v.ReuseRatio)
}

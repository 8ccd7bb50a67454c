package figures

// Held is what became of the connections that were established. It always holds that
//
//	OK = InTime + Broken + Overdue + Cut
type Held struct {
	// Closed when their time was over, by the side that was to close them.
	InTime   int64            `json:"in_time"`
	Broken   int64            `json:"broken"`              // ended before their time
	BrokenBy map[string]int64 `json:"broken_by,omitempty"` // those by cause
	Overdue  int64            `json:"overdue"`             // the server was to close them and did not: the client did
	Cut      int64            `json:"cut"`                 // alive when the drain ended
	Peak     int64            `json:"peak"`                // most alive at once, while the schedule lasted
}

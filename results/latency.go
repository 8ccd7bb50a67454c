package results

import (
	"bytes"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// The moments a latency is counted from.
const (
	FromIntended = "intended send time"
	FromActual   = "actual send time"
)

// EncodeLatency writes a histogram of microseconds since a moment, which from
// names, as an HdrHistogram log, which other tools of that family read.
func EncodeLatency(h *hdr.Histogram, from string, startMs, endMs int64) ([]byte, error) {
	var b bytes.Buffer
	w := hdr.NewHistogramLogWriter(&b)
	if err := w.OutputLogFormatVersion(); err != nil {
		return nil, err
	}
	if err := w.OutputComment("latency from the " + from + ", microseconds"); err != nil {
		return nil, err
	}
	if err := w.OutputLegend(); err != nil {
		return nil, err
	}
	h.SetStartTimeMs(startMs)
	h.SetEndTimeMs(endMs)
	if err := w.OutputIntervalHistogram(h); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

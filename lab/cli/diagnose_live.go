package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/diagnose/page"
	"github.com/lab99/lab99/results/live"
)

// hostPage is the page of a watched host; nil is none.
type hostPage struct {
	host   *page.Host
	server *live.Server
}

// watch serves the page, if it is asked for.
func (f *liveFlags) watch(t *terminal) (*hostPage, error) {
	if f.address == "" {
		return nil, nil
	}
	h := page.New(time.Now())
	server, err := f.listen(h.Source(look()), func(line string) { fmt.Fprintln(t.stderr, line) })
	if err != nil {
		return nil, err
	}
	return &hostPage{h, server}, nil
}

func (p *hostPage) look(r *diagnose.Report, at time.Time, forecasts []string) {
	if p != nil {
		p.host.Look(r, at, forecasts)
	}
}

func (p *hostPage) end() {
	if p != nil {
		p.host.End()
		p.server.Close(context.Background(), 0)
	}
}

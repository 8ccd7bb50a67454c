package cli

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/lab99/lab99/lab/diagnose"
	"github.com/lab99/lab99/lab/diagnose/exporter"
	"github.com/lab99/lab99/lab/verdict"
)

// topAtMost bounds the series of --listen: each pair has five.
const topAtMost = 1000

// listenOn is the address that a flag names. What is served tells of hosts and backends, so
// without an address only this machine gets it, and a name, which may stand for any
// address, is none.
func listenOn(flag, text string) (netip.AddrPort, error) {
	host, port, found := strings.Cut(text, ":")
	if !found {
		host, port = "", text
	}
	full := text
	if host == "" || host == "localhost" {
		full = "127.0.0.1:" + port
	}
	a, err := netip.ParseAddrPort(full)
	if err != nil || a.Addr().Zone() != "" {
		return a, &usageError{fmt.Sprintf("--%s %s: an IP address and a port are expected, as in 127.0.0.1:9799 or "+
			"[::1]:9799; a port alone, 9799, is one of 127.0.0.1", flag, shell(text))}
	}
	return a, nil
}

// listenOnHost serves metrics until it is interrupted, which is its proper end: exit code
// 0.
func listenOnHost(ctx context.Context, t *terminal, o diagnoseOptions) error {
	address, err := listenOn("listen", o.listen)
	if err != nil {
		return err
	}
	if o.top < 1 || o.top > topAtMost {
		return &usageError{fmt.Sprintf("--top %d: with --listen a number of pairs from 1 to %d is expected, "+
			"as each becomes five time series", o.top, topAtMost)}
	}
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(ctx, signals...)
	defer stop()
	e := exporter.Exporter{Options: o.conclusion(), Version: tool().Version, Revision: tool().Revision}
	e.Target = func(ctx context.Context) (diagnose.Target, error) {
		err := o.find(ctx)
		return o.target, err
	}
	if _, err := e.Look(ctx); err != nil { // what is not there is said now, and not to Prometheus alone
		if ctx.Err() != nil {
			return nil
		}
		return namedNothing(err)
	}
	network := "tcp4"
	if address.Addr().Is6() {
		network = "tcp" // [::] takes IPv4 as well
	}
	l, err := new(net.ListenConfig).Listen(ctx, network, address.String())
	if err != nil {
		fmt.Fprintf(t.stderr, "lab99 diagnose: --listen: %v\n"+
			"  `ss -Hltnp 'sport = :%d'` shows who listens there, and `ip address` what addresses there are; "+
			"ports below 1024 take root.\n", err, address.Port())
		return exitError(verdict.ExitUnfit)
	}
	fmt.Fprintf(t.stderr, "metrics at http://%s/metrics (Ctrl-C ends it)\n", l.Addr())
	return e.Serve(ctx, l)
}

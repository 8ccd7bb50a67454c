// Command testkube is a whole Kubernetes in one program, for tests of the kubernetes
// driver: the first argument says which part to be. It is a module of its own, as its
// 2,700 packages are none of the lab's business.
//
// The parts are the real ones: what a test learns of admission, of a kubelet or of the
// API is what a cluster does. Package kubecluster builds it and brings a cluster up.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	_ "k8s.io/component-base/logs/json/register"          // the log formats that the parts' flags name
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the metrics that their /metrics are made of
	_ "k8s.io/component-base/metrics/prometheus/version"
)

// parts are the commands, by the names that their own programs have.
var parts = map[string]func() *cobra.Command{
	"etcd":                    etcdCommand,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              proxy.NewProxyCommand,
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"node":                    nodeCommand,
}

func main() {
	if len(os.Args) < 2 || parts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: testkube "+
			"etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kube-proxy|kubelet|node [flags]")
		os.Exit(64)
	}
	part := parts[os.Args[1]]
	os.Args = os.Args[1:]
	os.Exit(cli.Run(part()))
}

// etcdCommand is a store of one member, which nobody but the API server may use. What it
// holds need not outlive it, so it does not wait for the disk.
func etcdCommand() *cobra.Command {
	var dir, client string
	cmd := &cobra.Command{
		Use:          "etcd",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			return etcd(dir, client)
		},
	}
	cmd.Flags().StringVar(&dir, "data-dir", "", "where it keeps its data")
	cmd.Flags().StringVar(&client, "listen-client-url", "http://127.0.0.1:2379", "where it serves")
	return cmd
}

func etcd(dir, client string) error {
	at, err := url.Parse(client)
	if err != nil {
		return err
	}
	cfg := embed.NewConfig()
	cfg.Dir, cfg.LogLevel, cfg.UnsafeNoFsync = dir, "warn", true
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{*at}, []url.URL{*at}
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:0"} // there is none
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return err
	}
	defer e.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	select {
	case <-ctx.Done():
		return nil
	case err := <-e.Err():
		return err
	}
}

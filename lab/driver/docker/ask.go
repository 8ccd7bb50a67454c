package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/common"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
)

// reasonLen is more than an engine writes about a refusal.
const reasonLen = 64 << 10

// reasoned puts the engine's reason into the error of a stream that it refused. The
// client library says "unable to upgrade to tcp, received 409" and drops the rest of
// the answer, and its hooks may not read it. So the same is asked once more without
// the upgrade. An engine that has thought better of it is hung up on.
func reasoned(ctx context.Context, cli *client.Client, path, body string, refused error) error {
	if why := refusal(ctx, cli, path, body); why != "" {
		return fmt.Errorf("%s (%w)", why, refused)
	}
	return refused
}

// refusal is what the engine says to a request, "" where it does not refuse.
func refusal(ctx context.Context, cli *client.Client, path, body string) string {
	resp, err := ask(ctx, cli, http.MethodPost, path, body)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	if resp.StatusCode < http.StatusBadRequest {
		return ""
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, reasonLen)) // as far as it came
	var said common.ErrorResponse
	if json.Unmarshal(text, &said) != nil { // Docker writes it plain where it had hijacked the connection
		said.Message = string(text)
	}
	return strings.TrimSpace(said.Message)
}

// about is what an engine says of itself.
type about struct {
	system.Info
	Rootless bool // Podman's word; newer ones also have Docker's, a security option
}

// aboutOf asks for it by hand, since the client library drops what it does not know,
// and by the library where it is not to be had like that, as behind an address with a
// path.
func aboutOf(ctx context.Context, cli *client.Client) (a about, err error) {
	resp, err := ask(ctx, cli, http.MethodGet, "/info", "")
	if err == nil {
		defer resp.Body.Close()
		err = json.NewDecoder(resp.Body).Decode(&a)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		res, err := cli.Info(ctx, client.InfoOptions{})
		if err != nil {
			return a, err
		}
		a = about{Info: res.Info}
	}
	a.Rootless = a.Rootless || slices.Contains(a.SecurityOptions, "name=rootless")
	return a, nil
}

// ask makes a request that the client library does not make, or of whose answer it
// drops what is wanted.
func ask(ctx context.Context, cli *client.Client, method, path, body string) (*http.Response, error) {
	at := "http://" + client.DummyHost + "/v" + cli.ClientVersion() + path
	req, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	dial := cli.Dialer()
	t := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	return t.RoundTrip(req)
}

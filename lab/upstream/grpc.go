package upstream

import (
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// gRPC is a call over HTTP/2 without TLS. nginx has one call under way on a connection, and
// without a pool a connection for each call.
// https://nginx.org/en/docs/http/ngx_http_grpc_module.html
var gRPC = Protocol{
	Name: scenarios.ProtocolGRPC,
	Lines: func(scenarios.Variant, string) []string {
		return []string{"grpc_set_header Content-Type application/grpc;", "grpc_set_header TE trailers;"}
	},
	Ending: always(law.GRPCEnds),
	Pool: results.Pool{
		Lines: "`keepalive N;` in the upstream block, and nothing else",
		Risk:  "Idle connections occupy the backend: up to the size of the pool × nginx workers × nginx hosts.",
	},
}

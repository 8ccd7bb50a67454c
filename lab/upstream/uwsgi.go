package upstream

import (
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// uwsgi is that of uWSGI, as Python's frameworks are served. It has one request a
// connection, so that a pool has nothing to keep.
// https://nginx.org/en/docs/http/ngx_http_uwsgi_module.html
var uwsgi = Protocol{
	Name: "uwsgi",
	Lines: func(scenarios.Variant, string) []string {
		return []string{
			"uwsgi_param REQUEST_METHOD $request_method;",
			"uwsgi_param REQUEST_URI $request_uri;",
			"uwsgi_param PATH_INFO $document_uri;",
			"uwsgi_param QUERY_STRING $query_string;",
			"uwsgi_param CONTENT_TYPE $content_type;",
			"uwsgi_param CONTENT_LENGTH $content_length;",
			"uwsgi_param SERVER_PROTOCOL $server_protocol;",
			"uwsgi_param REMOTE_ADDR $remote_addr;",
			"uwsgi_param SERVER_NAME $server_name;",
			"uwsgi_param SERVER_PORT $server_port;",
		}
	},
	Ending: always(law.UWSGIEnds),
	Pool: results.Pool{
		Lines: "`keepalive N;` in the upstream block does nothing: each request has a connection of its own",
		Risk:  "To take it for a cure.",
	},
}

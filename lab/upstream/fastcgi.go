package upstream

import (
	"fmt"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// fastCGI is that of PHP. nginx leaves FCGI_KEEP_CONN out unless told, and php-fpm then
// closes: neither a pool without the flag does anything, nor the flag without a pool
// anything good.
// https://nginx.org/en/docs/http/ngx_http_fastcgi_module.html#fastcgi_keep_conn
var fastCGI = Protocol{
	Name: "fastcgi",
	Lines: func(v scenarios.Variant, root string) []string {
		keep := "fastcgi_keep_conn off;  # the default: php-fpm closes each connection"
		if v.Proxy.KeepConn {
			keep = "fastcgi_keep_conn on;   # php-fpm leaves it open: without a pool nginx then closes, " +
				"and holds the TIME_WAIT"
		}
		return []string{keep,
			fmt.Sprintf("fastcgi_param SCRIPT_FILENAME %s/index.php;", root),
			"fastcgi_param SCRIPT_NAME /index.php;",
			"fastcgi_param REQUEST_METHOD $request_method;",
			"fastcgi_param REQUEST_URI $request_uri;",
			"fastcgi_param QUERY_STRING $query_string;",
			"fastcgi_param CONTENT_TYPE $content_type;",
			"fastcgi_param CONTENT_LENGTH $content_length;",
			"fastcgi_param SERVER_PROTOCOL $server_protocol;",
		}
	},
	Ending: func(v scenarios.Variant) law.Ending {
		if v.Proxy.KeepConn {
			return law.FastCGIKept
		}
		return law.FastCGIEnds
	},
	Pool: results.Pool{
		Lines: "`keepalive N;` in the upstream block and `fastcgi_keep_conn on;` where it is used. " +
			"The second alone makes it worse, the first alone does nothing",
		Risk: "Each idle connection keeps a process of php-fpm: " +
			"pm.max_children has to be larger than the size of the pool × nginx workers × nginx hosts.",
	},
}

package upstream

import (
	"fmt"
	"strings"

	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// The one thing that memcached holds: 1 KB, like the pages of the other backends.
const key = "lab99"

var value = strings.Repeat("lab99 ", 170) + "\nok\n"

// memcached is asked for one key. Somebody has to put it there: nginx only reads.
// https://nginx.org/en/docs/http/ngx_http_memcached_module.html
var memcached = Protocol{
	Name: "memcached",
	Lines: func(scenarios.Variant, string) []string {
		return []string{"set $memcached_key " + key + ";"}
	},
	Ending: always(law.MemcachedEnds),
	Pool: results.Pool{
		Lines: "`keepalive N;` in the upstream block, and nothing else",
		Risk: "Idle connections count against memcached's -c: " +
			"up to the size of the pool × nginx workers × nginx hosts.",
	},
	Seed:      fmt.Sprintf("set %s 0 0 %d\r\n%s\r\n", key, len(value), value),
	SeedReply: "STORED\r\n",
}

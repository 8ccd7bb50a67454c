package nginx

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkManyServers: what is worked out of a large file takes no time that grows
// with its square: the time a server stays the same.
func BenchmarkManyServers(b *testing.B) {
	for _, n := range []int{500, 8000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var text strings.Builder
			text.WriteString(head)
			for i := range n {
				fmt.Fprintf(&text, "server { listen 80; server_name s%d.example; "+
					"location /x { proxy_pass http://10.0.0.1; } }\n",
					i)
			}
			for b.Loop() {
				v := own(text.String()+"}", 1)
				v.Load.Path, v.Backend.Ports = "/", 1
				if o := understand(v, "1.29.7"); o == nil || o.Passed {
					b.Fatalf("%+v", o)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/server")
		})
	}
}

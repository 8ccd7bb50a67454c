package nginx

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestManyServers: what is worked out of a large file takes no time that grows with
// its square. Sixteen times the servers may take sixty times as
// long, and not 256.
func TestManyServers(t *testing.T) {
	took := func(n int) time.Duration {
		var b strings.Builder
		b.WriteString(head)
		for i := range n {
			fmt.Fprintf(&b, "server { listen 80; server_name s%d.example; location /x { proxy_pass http://10.0.0.1; } }\n", i)
		}
		v := own(b.String()+"}", 1)
		v.Load.Path, v.Backend.Ports = "/", 1
		began := time.Now()
		if o := understand(v, "1.29.7"); o == nil || o.Passed {
			t.Errorf("%+v", o)
		}
		return time.Since(began)
	}
	took(100)
	if few, many := took(500), took(8000); many > 60*few {
		t.Errorf("500 servers took %v, 8,000 took %v", few, many)
	}
}

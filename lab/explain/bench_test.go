package explain

import (
	"strings"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	for name, line := range map[string]string{
		"access": `1.2.3.4 - - [23/Nov/2026:04:42:27 +0000] "GET /a/b/c HTTP/1.1" 200 5123 "-" "Mozilla/5.0 (X11; ` +
			`Linux x86_64; rv:128.0)"` + "\n",
		"app": `2026-11-23 04:42:27,123 INFO [main] org.example.Service: ` +
			`handled request 123456 in 17 ms for customer 4711` + "\n",
		"nginx": `2026/11/23 04:42:27 [crit] 7#7: *42 connect() to 198.18.0.3:80 failed (99: ` +
			`Cannot assign requested address) while connecting to upstream, client: 198.18.0.2, server: , ` +
			`request: "GET / HTTP/1.1", upstream: "http://198.18.0.3:80/", host: "lab"` + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			log := strings.Repeat(line, 1000)
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				if _, err := Read(strings.NewReader(log)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

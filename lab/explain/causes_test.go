package explain

import (
	"strings"
	"testing"
)

// TestStepsAreForTheProgram: what to do next names the configuration of the program that wrote the line.
func TestStepsAreForTheProgram(t *testing.T) {
	for _, one := range []struct{ line, want string }{
		{"connect() to 10.0.0.7:8080 failed (99: Cannot assign requested address) while connecting to upstream",
			"lab99 lint /etc/nginx/nginx.conf; lab99 predict --rate 1000"},
		{"haproxy[7]: Connect() failed for backend app: no free ports.",
			"lab99 lint /etc/haproxy/haproxy.cfg; lab99 predict --rate 1000 --proxy haproxy --mode tcp"},
		{`dial tcp 10.0.0.7:8080: connect: cannot assign requested address`, "lab99 predict --rate 1000"},
	} {
		l, err := Read(strings.NewReader(one.line))
		if err != nil || len(l.Groups()) != 1 {
			t.Fatalf("%q: %d groups, %v", one.line, len(l.Groups()), err)
		}
		var got []string
		for _, s := range l.Groups()[0].Next() {
			if c := s.Command; strings.HasPrefix(c, "lab99 lint") || strings.HasPrefix(c, "lab99 predict") {
				got = append(got, c)
			}
		}
		if got := strings.Join(got, "; "); got != one.want {
			t.Errorf("%q: next is %q, want %q", one.line, got, one.want)
		}
	}
}

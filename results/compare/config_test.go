package compare

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEffective: what nginx and Apache read of it.
func TestEffective(t *testing.T) {
	got := effective("# nginx\n\nserver {\n    listen 198.18.99.10:8080;  # the lab's\n\tserver 198.18.99.20:8080;# as well\n" +
		"  proxy_set_header X \"# no comment\";\n  proxy_pass http://127.0.0.1:8081#x;\n" +
		" User   \"#65534\"\n again 198.18.99.10;\n}\nListen 0.0.0.0:8080\n")
	want := []string{"server {", "listen address-1:8080;", "server address-2:8080;", `proxy_set_header X "# no comment";`,
		"proxy_pass http://127.0.0.1:8081#x;", `User "#65534"`, "again address-1;", "}", "Listen 0.0.0.0:8080"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnlikeConfig(t *testing.T) {
	for _, c := range []struct{ was, is, want string }{
		{"a;\n", "a; # new words\n", ""},
		{"listen 10.0.0.1:80;\n", "listen 10.9.9.9:80;\n", ""},
		{"a;\n", "", ""},
		{"a;\n", "a;\nb;\n", `nginx.conf has "b;", not ""`},
		{"a 1;\nb;", "a 2;\nb;", `nginx.conf has "a 2;", not "a 1;"`},
	} {
		if got := unlikeConfig("nginx.conf", c.was, c.is); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.was, c.is, got, c.want)
		}
	}
}

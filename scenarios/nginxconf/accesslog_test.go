package nginxconf

import (
	"slices"
	"strings"
	"testing"
)

// TestAccessLogs: requests can be counted in lines where each leaves one, at once.
func TestAccessLogs(t *testing.T) {
	for text, want := range map[string]string{
		"access_log /a;": "/a",
		"access_log /a main; server { access_log /b combined; location / { access_log /a; } location /x { access_log off; } }": "/a /b",
		"server { access_log /a; }":                 "has no access_log of its own",
		"access_log off; server { access_log /a; }": "has no access_log of its own",
		"access_log /a; access_log /b;":             "not the only one",
		"access_log /a; server { location / { if ($arg_x) { access_log /b; access_log /c; } } }": "not the only one",
		"access_log /a combined buffer=32k flush=1s;":                                            "(buffer)",
		"access_log /a combined gzip;":                                                           "(gzip)",
		"access_log /a combined if=$loggable;":                                                   "(if)",
		"access_log syslog:server=10.0.0.1;":                                                     "writes no file",
		"access_log /a/$host.log;":                                                               "variable",
		"access_log logs/a;":                                                                     "relative",
		"access_log /a; log_subrequest on;":                                                      "no request",
		"log_format x '$uri\n$host'; access_log /a x;":                                           "more than one line",
		"include logs; server {}":                                                                "/included",
		"upstream u { server 10.0.0.1; }":                                                        "has no access_log of its own",
	} {
		c, err := Load("/nginx.conf",
			Options{Text: []byte("events {}\nhttp { " + text + " }\nstream { access_log /s combined; }\n"),
				Open: func(string) ([]byte, error) { return []byte("access_log /included;"), nil }})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		files, why := c.AccessLogs()
		if strings.HasPrefix(want, "/") {
			if slices.Sort(files); strings.Join(files, " ") != want || why != "" {
				t.Errorf("%s: %q, %q, want %s", text, files, why, want)
			}
		} else if !strings.Contains(why, want) || !strings.HasPrefix(why, "/nginx.conf:2: ") {
			t.Errorf("%s: %q, %q, want %q", text, files, why, want)
		}
	}
}

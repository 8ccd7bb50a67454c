package nginxconf

import (
	"io/fs"
	"testing"

	"github.com/lab99/lab99/internal/filetest"
)

// No text makes the model fail, and offsets hold for all of them.
func FuzzConfiguration(f *testing.F) {
	filetest.Seed(f, "testdata/*.conf")
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			return
		}
		if tree, err := Parse("x", text); err == nil {
			checkTree(t, tree)
		}
		if text == nil {
			text = []byte{}
		}
		// The file includes itself, and nothing else is there.
		config, err := Load("/x/nginx.conf", Options{Text: text, Open: func(path string) ([]byte, error) {
			if path == "/x/again.conf" {
				return text, nil
			}
			return nil, fs.ErrNotExist
		}, Glob: func(string) ([]string, error) { return []string{"/x/again.conf", "/x/nginx.conf"}, nil }})
		if err != nil {
			return
		}
		if files, why := config.AccessLogs(); why == "" && len(files) == 0 {
			t.Error("requests are said to leave lines, and in no file")
		}
		for _, release := range []string{"", "1.14", "1.22.1", "1.30"} {
			r := MustRelease(release)
			for _, route := range config.Routes(r) {
				route.Row()
			}
			config.Findings(r)
			for _, path := range []string{"/", "/a/b?x=1", "/index.php", "/%2e%2e/"} {
				_ = config.Select(r, Request{Host: "example.org", Path: path}).String()
			}
		}
	})
}

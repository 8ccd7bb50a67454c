package nginxconf

import "testing"

// What a client gets for a failed connect(), as nginx 1.22.1 answered when it was asked.
func TestErrorPagesAsNginxAnswers(t *testing.T) {
	const locations = `location @text { return 503 "x"; } location @bare { return 503; } location @ok { return 200 "ok"; }
location @empty { return 204; } location @away { return 302 http://x.org/; } location @url { return http://x.org/; }
location @pass { proxy_pass http://10.0.0.8; } location /file { root /a; }`
	for page, want := range map[string]struct {
		seen   int
		hidden bool
	}{
		"=200 @text":              {200, true},
		"=200 @bare":              {503, false},
		"= @text":                 {503, false},
		"= @bare":                 {503, false},
		"= @ok":                   {200, true},
		"= @empty":                {204, true},
		"@ok":                     {502, false},
		"@empty":                  {502, false},
		"=503 @ok":                {503, false},
		"=404 /file":              {404, false},
		"= @away":                 {302, true},
		"@away":                   {302, true},
		"=200 @url":               {302, true},
		"http://example.org/":     {302, true},
		"=200 http://example.org": {302, true},
		"=301 http://example.org": {301, true},
		"/file":                   {502, false},
		"=200 /file":              {200, true},
		"= /file":                 {0, true},
		"@pass":                   {502, false},
		"= @pass":                 {0, true},
		"=200 $uri.html":          {200, true},
		"$uri.html":               {502, false},
		"=502 /file":              {502, false},
	} {
		c := loaded(t, "server { location / { proxy_pass http://10.0.0.7; "+
			"error_page 500 502 "+page+"; } "+locations+" }")
		r := c.Routes(Release{})[0]
		if len(r.Hides) != 1 || r.Hides[0].Seen != want.seen || r.Hides[0].Hidden() != want.hidden {
			t.Errorf("error_page 502 %s: %+v, want %+v", page, r.Hides, want)
		}
	}
}

package nginxconf

// CutURI splits what a pass names into the backend and the URI behind it, which
// begins with a slash, a question mark, or a variable such as $request_uri.
func CutURI(s string) (target, uri string) { return cutURI(s) }

// CutScheme takes the scheme off what a pass names. The slashes of unix:///path
// belong to the path.
func CutScheme(s string) (scheme, rest string, ok bool) { return cutScheme(s) }

// Servers are those of http{}, in the order of the files.
func (c *Config) Servers() []*Server { return c.model.servers }

// SelectAt is Select for a request that has reached a server.
func (c *Config) SelectAt(release Release, s *Server, r Request) Answer {
	c.model.Lock()
	defer c.model.Unlock()
	return c.model.answerAt(release, s, r)
}

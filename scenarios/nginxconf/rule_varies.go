package nginxconf

var connectionVaries = Rule{
	ID: "connection-varies", Level: Note,
	Doc: "The client, or a variable that cannot be followed, decides on the Connection header that the backend " +
		"gets. Where it is `close`, as old clients and some load generators send it, the connection does not go " +
		"back to the pool.",
	check: func(k *checker) {
		for _, r := range k.routes {
			if h := r.Header; r.Pool.State == PoolWorks && !h.Known && h.Directive != nil {
				why := "the client decides"
				if h.By != nil {
					why = h.By.Name() + " in " + at(h.By, h.Directive) + " decides"
				}
				k.report(Note, h.Directive, 2,
					"write `proxy_set_header Connection \"\";` unless the backend needs the value",
					"Connection is %s: %s, and each close ends a connection of the pool", h.Value, why)
			}
		}
	},
}

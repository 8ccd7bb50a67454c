package nginxconf

// Routes are the locations that pass requests on, in the order of the file,
// and the servers of stream{}. What a release decides is that release's; of an
// unknown one the older answer is given, and Newer has the other.
func (c *Config) Routes(release Release) []*Route { return nil }

// passes are the directives that pass a request on.
var passes = map[string]Protocol{
	"proxy_pass": HTTP, "grpc_pass": GRPC, "fastcgi_pass": FastCGI, "uwsgi_pass": UWSGI, "scgi_pass": SCGI, "memcached_pass": Memcached,
}

// Row is the route as lab99/lint/v1 writes it.
func (r *Route) Row() Row { return Row{} }

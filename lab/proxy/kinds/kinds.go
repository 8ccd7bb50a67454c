// Package kinds registers every kind of server that the lab can run: a new
// one is a directory beside this and a line here.
package kinds

import (
	_ "github.com/lab99/lab99/lab/proxy/caddy"
	_ "github.com/lab99/lab99/lab/proxy/haproxy"
	_ "github.com/lab99/lab99/lab/proxy/httpd"
	_ "github.com/lab99/lab99/lab/proxy/memcached"
	_ "github.com/lab99/lab99/lab/proxy/nginx"
	_ "github.com/lab99/lab99/lab/proxy/phpfpm"
	_ "github.com/lab99/lab99/lab/proxy/squid"
	_ "github.com/lab99/lab99/lab/proxy/uwsgi"
	_ "github.com/lab99/lab99/lab/proxy/varnish"
)

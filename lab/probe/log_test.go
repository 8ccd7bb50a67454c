package probe_test

import (
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy/nginx"
)

func init() { probe.LogOfTests = nginx.Kind{}.ErrorLog() }

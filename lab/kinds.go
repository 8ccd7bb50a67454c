package lab

import _ "github.com/lab99/lab99/lab/proxy/kinds" // whatever imports this package can run them

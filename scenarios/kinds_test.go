package scenarios_test

import _ "github.com/lab99/lab99/lab/proxy/kinds" // the files of all tests here are rendered by them

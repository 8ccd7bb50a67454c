// Package httpd is Apache httpd: its configuration, what it says of itself
// and of its limits, and its image. It stands behind a proxy.
package httpd

import "github.com/lab99/lab99/lab/image/recipe"

// Kind is Apache as a backend.
type Kind struct{}

func init() { recipe.Register(Kind{}.Image()) }

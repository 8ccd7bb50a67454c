// Package nginx is nginx under test: its configuration, its releases, what it
// says of itself and of a connect() that failed, and its image.
package nginx

import "github.com/lab99/lab99/lab/image/recipe"

// Kind is nginx as a proxy.
type Kind struct{}

func init() { recipe.Register(Kind{}.Image()) }

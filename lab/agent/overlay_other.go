//go:build !linux

package agent

import "errors"

func (o *Overlay) make() error { return errors.New("a host of a lab is Linux") }

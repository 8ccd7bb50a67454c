package doctor

import (
	"errors"
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/driver"
)

// EngineFacts is the container engine.
type EngineFacts struct {
	Machine driver.Machine
	Err     string // why none answers
	Hint    string // what its error says would help
}

func readEngine(e Engine, err error) EngineFacts {
	if err == nil {
		return EngineFacts{Machine: e.Machine()}
	}
	f := EngineFacts{}
	f.Err, f.Hint = unfit(err)
	return f
}

// unfit takes apart why a driver cannot run here.
func unfit(err error) (why, hint string) {
	var u *driver.UnfitError
	if !errors.As(err, &u) {
		return err.Error(), ""
	}
	if u.Err == nil {
		return u.What, u.Hint
	}
	return u.What + ": " + u.Err.Error(), u.Hint
}

// judgeEngine: without an engine there is the other driver.
func judgeEngine(f Facts) Check {
	c := Check{Name: "driver docker", Status: OK, Found: f.Engine.Machine.Engine}
	if f.Engine.Err != "" {
		c.Status, c.Found, c.Remedy = Fail, format.OneLine(f.Engine.Err), format.OneLine(f.Engine.Hint)
		if f.Namespaces.works() {
			c.Status = Warn
		}
		return c
	}
	if k := f.Engine.Machine.Kernel; k != f.Kernel {
		c.Found += fmt.Sprintf("; on another machine, of kernel %s: what is read below of the kernel is this one's", k)
	}
	return c
}

package doctor

import (
	"errors"
	"fmt"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/driver"
)

// DriverState says whether a driver can run here.
type DriverState struct {
	Name    string
	Found   string // how it would run the hosts
	Machine driver.Machine
	Err     string // why it cannot run
	Hint    string // what would help
}

func stateOf(name string, d driver.Driver, err error) DriverState {
	s := DriverState{Name: name}
	if err == nil {
		s.Found, s.Machine = d.Describe(), d.Machine()
		return s
	}
	var u *driver.UnfitError
	switch {
	case !errors.As(err, &u):
		s.Err = err.Error()
	case u.Err == nil:
		s.Err, s.Hint = u.What, u.Hint
	default:
		s.Err, s.Hint = u.What+": "+u.Err.Error(), u.Hint
	}
	return s
}

// judgeDriver: one driver is enough.
func judgeDriver(d DriverState, f Findings) Check {
	c := Check{Name: "driver " + d.Name, Status: OK, Found: d.Found}
	if d.Err != "" {
		c.Status, c.Found, c.Remedy = Fail, format.OneLine(d.Err), format.OneLine(d.Hint)
		if f.chosen() != nil {
			c.Status = Warn
		}
		return c
	}
	if k := d.Machine.Kernel; k != f.Here.Kernel {
		c.Found += fmt.Sprintf("; on another machine, with kernel %s: "+
			"the checks of the kernel below are of this machine's",
			k)
	}
	return c
}

package lab

import (
	"time"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/schedule"
	"github.com/lab99/lab99/results"
)

// What a lab is reckoned to cost the machine: nginx, Apache, the load generator
// and the observers. By /proc/stat one lab alone on two quiet cores used 0.05
// cores at 20 requests per second, 0.14 at 200, 0.15 at 500, 0.33 at 1000 and
// 0.41 at 1600. The rest is for the moments in which other labs come up: with
// these figures 3 of 158 variants of the catalogue were sent too late and ran
// again, with twice as much none did, and the whole took two minutes more.
const (
	coresAtRest     = 0.12
	coresPerRequest = 0.0004
)

// need is what a variant asks of the machine. One whose point is how dear
// connect() gets, or that claims how long something takes, is alone, and so is
// one whose scenario says so.
func need(v results.VariantPlan) schedule.Need {
	n := schedule.Need{
		Cores: coresAtRest + v.RatePerS*coresPerRequest,
		Alone: v.Predicted.Estimated || v.Settings["alone"] == "on",
	}
	for _, c := range v.Claims {
		f := law.FigureOf(c.Figure)
		n.Alone = n.Alone || f != nil && f.Unit == law.Milliseconds
	}
	return n
}

// jobs are a plan's variants as the schedule sees them, images present. Where who closes first is a race, error 99
// may come at any time, and the whole duration counts.
func jobs(p *results.Plan) (all []schedule.Job) {
	const moves = 2 * time.Second
	for _, v := range p.Variants {
		s := v.DurationS
		if first := v.Predicted.FirstError99S; v.StopAfterS != nil && first != nil && !v.Race && !v.Predicted.OrNever {
			s = min(s, v.Predicted.Latest99()+*v.StopAfterS)
		}
		if held := v.Laws(); held.Held() { // the last ones live out their time
			s += min(held.HeldFor.Seconds(), v.TimeoutS)
		}
		all = append(all, schedule.Job{Need: need(v), Takes: time.Duration(s * float64(time.Second)), Moves: moves})
	}
	return all
}

// Estimate is how long a plan takes on a machine, as many of its labs up at once
// as that bears.
func Estimate(p *results.Plan, m driver.Machine) time.Duration {
	return schedule.New(m.CPUs, 0, m.Apart, "").Makespan(jobs(p))
}

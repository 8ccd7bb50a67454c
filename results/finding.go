package results

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/lab99/lab99/internal/format"
	"github.com/lab99/lab99/lab/law"
)

// Finding says in one sentence what a run found, for someone who has never
// heard of TIME_WAIT. It begins with the first variant. Then come the variants
// that held, those that failed and those that only gained time.
func Finding(s Summary) string { return strings.Join(findings(s), "; ") + "." }

// Headline is Finding in two: what became of the first variant, and the rest,
// which is "" where there is none.
func Headline(s Summary) (first, rest string) {
	parts := findings(s)
	if len(parts) > 1 {
		rest = strings.Join(parts[1:], "; ") + "."
	}
	return parts[0] + ".", rest
}

func findings(s Summary) []string {
	if len(s.Variants) == 0 {
		return []string{"Nothing was measured"}
	}
	first := s.Variants[0]
	alike, text := s.invalidAlike()
	parts := []string{first.opening()}
	if alike[first.Name] {
		parts[0] = text
	}
	byProxy := strings.HasPrefix(parts[0], first.ProxyName()+" ")
	if first.Name != "baseline" && !first.namesProxy() && len(s.Variants) > 1 && byProxy {
		parts[0] = "With " + first.called() + ", " + parts[0]
	}
	var failed, sooner, slowed, bought, held, rest []string
	for _, v := range s.Variants[1:] {
		switch {
		case alike[v.Name]:
		case v.Verdict == law.Mitigated:
			held = append(held, v.called())
		case v.Verdict == law.Reproduced && v.FirstError != nil && first.FirstError != nil &&
			*v.FirstError < 0.9**first.FirstError && !v.raced() && !first.raced():
			sooner = append(sooner, fmt.Sprintf("%s (after %s)", v.called(), format.About(*v.FirstError)))
		case v.Verdict == law.Reproduced && v.FirstError != nil:
			failed = append(failed, fmt.Sprintf("%s (after %s)", v.called(), format.About(*v.FirstError)))
		case v.Verdict == law.Collapsed && v.CollapseS != nil:
			slowed = append(slowed, fmt.Sprintf("%s (after %s)", v.called(), format.About(*v.CollapseS)))
		case v.Verdict == law.Postponed && v.FirstError != nil:
			bought = append(bought, v.gain(first.FirstError))
		default:
			rest = append(rest, v.otherwise())
		}
	}
	say := func(names []string, what string) {
		if len(names) > 0 {
			parts = append(parts, format.List(names)+what)
		}
	}
	if s.Kind == "harm" {
		say(held, " only hid it, and does harm")
	} else {
		say(held, " held "+s.rates())
	}
	if law.Fails(first.Verdict) {
		say(failed, " ran out of ports all the same")
	} else {
		say(failed, " ran out of ports")
	}
	say(sooner, " ran out of ports even sooner")
	say(slowed, " slowed to a crawl all the same")
	parts = append(parts, bought...)
	if text != "" && !alike[first.Name] {
		rest = append([]string{text}, rest...)
	}
	parts = append(parts, rest...)
	parts = append(parts, s.skipped()...)
	for i := range s.Variants {
		if text := s.Variants[i].beyond(); text != "" {
			parts = append(parts, text)
			break // the others are of the same kind
		}
	}
	return parts
}

// skipped names the variants that were not run, those of one reason together.
func (s *Summary) skipped() []string {
	var parts []string
	told := map[string]bool{}
	for _, one := range s.Skipped {
		if told[one.Why] {
			continue
		}
		told[one.Why] = true
		var names []string
		for _, v := range s.Skipped {
			if v.Why == one.Why {
				names = append(names, (&Variant{Name: v.Name}).called())
			}
		}
		was := " was"
		if len(names) > 1 {
			was = " were"
		}
		parts = append(parts, format.List(names)+was+" skipped: "+one.Why)
	}
	return parts
}

// figure is what differs between two reasons of one kind.
var figure = regexp.MustCompile(`[0-9][0-9.,]*`)

// invalidAlike are the invalid variants of which the first reason is of the kind of
// the first one's, where there are several, and the words for all of them: a busy
// machine spoils every variant, and one sentence says it.
func (s *Summary) invalidAlike() (alike map[string]bool, text string) {
	var names []string
	var reason, kind string
	alike = map[string]bool{}
	for i := range s.Variants {
		v := &s.Variants[i]
		if v.Verdict != law.Invalid {
			continue
		}
		why := v.firstReason("; ")
		if reason == "" {
			reason, kind = why, figure.ReplaceAllString(why, "")
		}
		if figure.ReplaceAllString(why, "") == kind {
			names = append(names, v.called())
			alike[v.Name] = true
		}
	}
	if len(names) < 2 {
		return nil, ""
	}
	return alike, fmt.Sprintf("%s are invalid for one reason (the figures are those of %s): %s",
		format.List(names), names[0], reason)
}

// firstReason is what Why begins with.
func (v *Variant) firstReason(end string) string {
	first, _, _ := strings.Cut(v.Why, end)
	return strings.TrimSuffix(first, ".")
}

// word is a name that a reader may take for a word of the sentence around it.
var word = regexp.MustCompile(`^[a-z]+$`)

// called is the variant's name, in quotes where it looks like a common word.
func (v *Variant) called() string {
	if word.MatchString(v.Name) && v.Name != "keepalive" && v.Name != "baseline" && !v.namesProxy() {
		return "“" + v.Name + "”"
	}
	return v.Name
}

// namesProxy says whether a variant has the name of its proxy, or of that one's program.
func (v *Variant) namesProxy() bool {
	return strings.EqualFold(v.Name, v.ProxyName()) || v.Name == "httpd" && v.ProxyName() == "Apache"
}

// raced says that a race decided who closed first, and so when the ports ran
// out. Chance ranks such variants, not what they change.
func (v *Variant) raced() bool { return v.Predicted.GivenShare != nil }

// beyond is what a failure did apart from the failed requests: to other
// programs, and to the log in which people count it.
func (v *Variant) beyond() string {
	if b := v.Bystander; b != nil && b.Backend.Failed > 0 {
		text := fmt.Sprintf("another program on %s's host failed %d of %d times towards the same backend",
			v.ProxyName(), b.Backend.Failed, b.Backend.Tried)
		if n := b.Bind; n.Failed > 0 {
			text += fmt.Sprintf(", and %d of %d times towards any other backend if it binds a port first",
				n.Failed, n.Tried)
		}
		return text
	}
	if l, e := v.NginxLog, v.Errors; l != nil && e != nil && v.FirstError != nil {
		switch {
		case e.Error99 > 0 && l.Error99 >= 2*e.Error99 && l.Error99%e.Error99 == 0 && e.NoLiveUpstreams == 0:
			return fmt.Sprintf("with %s each failure is %.0f tries and as many lines of error 99",
				v.called(), float64(l.Error99)/float64(e.Error99))
		case e.NoLiveUpstreams > 10*l.Error99 && l.Error99 > 0 && v.Failed != nil:
			return fmt.Sprintf("with %s %s's log has %s of error 99 for %s failed requests",
				v.called(), v.ProxyName(), format.Plural(l.Error99, "line"), format.Grouped(*v.Failed))
		}
	}
	return ""
}

// unserved is the share of requests without any answer, where it is notable.
func (v *Variant) unserved() string {
	if v.Scheduled == nil || *v.Scheduled == 0 {
		return ""
	}
	share := float64(v.Unanswered()) / float64(*v.Scheduled)
	if share < 0.005 {
		return ""
	}
	return "; " + format.Percent(share) + " of the " + v.Loads() + " got no answer in time"
}

// opening says what became of the first variant, with which Finding compares the others.
func (v *Variant) opening() string {
	ports := "its source ports"
	if p := v.Ports.Usable; p != nil {
		ports = "its " + format.Grouped(*p) + " source ports"
		if k := int64(v.Predicted.Tuples); k > *p && *p > 0 {
			ports = fmt.Sprintf("all %s pairs of a source port and a backend address", format.Grouped(k))
		}
	}
	switch {
	case v.Collapsed && v.CollapseS != nil && v.FirstError != nil:
		return fmt.Sprintf("%s slowed to a crawl %s after the load began, with half of %s taken, "+
			"used up the rest by %s%s",
			v.ProxyName(), format.About(*v.CollapseS), ports, format.About(*v.FirstError), v.refused()+v.unserved())
	case v.Collapsed && v.CollapseS != nil:
		return fmt.Sprintf("%s slowed to a crawl %s after the load began, with half of %s taken%s",
			v.ProxyName(), format.About(*v.CollapseS), ports, v.unserved())
	case v.FirstError != nil && (v.Verdict == law.Reproduced || v.Verdict == law.Postponed):
		return fmt.Sprintf("%s ran out of %s %s after the load began%s%s",
			v.ProxyName(), ports, format.About(*v.FirstError), v.refused(), v.cameBack())
	case v.Verdict == law.Mitigated:
		return v.called() + " held " + v.InWords(rate(v.OfferedPerS)) + " without a failure"
	}
	return v.otherwise()
}

// cameBack says when ports came back.
func (v *Variant) cameBack() string {
	if v.RecoveredS == nil || v.Predicted.HoldS < 10 {
		return ""
	}
	return ", until the first ports came back after " + format.About(*v.RecoveredS)
}

// refused is what nginx did to the requests after the first error 99.
func (v *Variant) refused() string {
	if v.OK == nil || v.Failed == nil || v.OKBefore == nil {
		return ""
	}
	after := *v.OK + *v.Failed - *v.OKBefore
	if after <= 0 {
		return ""
	}
	if v.Errors != nil && v.Errors.Error99 == 0 && v.NginxLog != nil && v.NginxLog.Error99 > 0 {
		return fmt.Sprintf(", by its error log: %s, which no client saw",
			format.Plural(v.NginxLog.Error99, "failed connect()"))
	}
	text := " and refused every request from then on"
	if share := float64(*v.Failed) / float64(after); share < 0.995 {
		text = fmt.Sprintf(" and refused %s of the requests from then on", format.Percent(share))
		if share < 0.005 {
			text = fmt.Sprintf(" and refused %s of %s requests from then on",
				format.Grouped(*v.Failed), format.Grouped(after))
		}
	}
	text = v.InWords(text)
	if e := v.Errors; e != nil && e.NoLiveUpstreams > e.Error99 {
		text += ", most of them without trying, " + v.notTrying()
	}
	return text
}

// notTrying says why a proxy fails requests without a connect().
func (v *Variant) notTrying() string {
	if v.ProxyName() == Nginx {
		return "because it had marked its backends down"
	}
	return "because it does not try again for a while after a connect() that failed"
}

// gain is the time by which a variant postponed error 99.
func (v *Variant) gain(than *float64) string {
	if than == nil || *v.FirstError <= *than {
		return v.called() + " only delayed it to " + format.About(*v.FirstError)
	}
	return v.called() + " only delayed it by " + format.About(*v.FirstError-*than)
}

// otherwise words the verdicts without a moment to name.
func (v *Variant) otherwise() string {
	words := v.called() + " " + v.Ended()
	switch v.Verdict {
	case law.NotReproduced:
		if v.Failed != nil && *v.Failed > 0 && v.FirstError == nil {
			return fmt.Sprintf("%s failed %s %s, none of them for want of ports",
				v.called(), format.Grouped(*v.Failed), v.Loads())
		}
		if n := v.unserved(); n != "" && v.FirstError == nil {
			return "with " + v.called() + strings.TrimPrefix(n, ";")
		}
	case law.Inconclusive:
		words += ": nothing failed yet, but its ports are filling up"
	case law.Invalid:
		words += ": " + v.firstReason("; ")
	case law.Error:
		words += ": " + v.firstReason("\n")
	}
	return words
}

// Ended says what a verdict means where there is no moment to name: the rest of
// a sentence that begins with the variant's name.
func (v *Variant) Ended() string {
	switch v.Verdict {
	case law.Reproduced:
		return "reproduced error 99"
	case law.Mitigated:
		return "held"
	case law.NotReproduced:
		return "did not reproduce error 99"
	case law.Error:
		return "ended in an error of the lab"
	case NotRun:
		return "did not run"
	case NotJudged:
		return "was cut short"
	case Skipped:
		return "was skipped"
	}
	return "is " + v.Verdict
}

// rates is the rate that was offered to the variants that held. It is a number
// only where it is the same for all of them.
func (s *Summary) rates() string {
	at := -1.0
	for _, v := range s.Variants[1:] {
		switch {
		case v.Verdict != law.Mitigated || v.OfferedPerS == at:
		case at >= 0:
			return "what they were offered"
		default:
			at = v.OfferedPerS
		}
	}
	return s.Variants[0].InWords(rate(at))
}

func rate(perS float64) string { return format.Grouped(int64(perS+0.5)) + " requests/s" }

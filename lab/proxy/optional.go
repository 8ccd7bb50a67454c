package proxy

import (
	"regexp"
	"slices"

	"github.com/lab99/lab99/lab/image/recipe"
	"github.com/lab99/lab99/lab/preflight"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/scenarios"
)

// Packaged is a kind that comes in images or packages. A kind without is part
// of the lab's own program.
type Packaged interface {
	Image() recipe.Recipe
}

// Image is the recipe of a kind's image; false for one that has none.
func Image(k Kind) (recipe.Recipe, bool) {
	if p, ok := k.(Packaged); ok {
		return p.Image(), true
	}
	return recipe.Recipe{}, false
}

// Self is what a server says of itself while it runs.
type Self struct {
	Version string
	Build   string // all that it says of how it was built
	MPM     string // Apache's multi-processing module
	// Faults say what it runs otherwise than it was told to.
	Faults []string
}

// Built is what a server says of how it was built, with the version in it that the first
// group of a pattern matches.
func Built(build string, version *regexp.Regexp) Self {
	self := Self{Build: build}
	if m := version.FindStringSubmatch(build); m != nil {
		self.Version = m[1]
	}
	return self
}

// Command calls the command that serves, with other arguments.
type Command func(args ...string) (string, error)

// Readable is a kind whose program can be asked, beside the one that serves,
// what is running.
type Readable interface {
	ReadBack(v scenarios.Variant, c Config, run Command) (Self, error)
}

// ReadBack asks a kind what is running; nothing is known of one that cannot be
// asked.
func ReadBack(k Kind, v scenarios.Variant, c Config, run Command) (Self, error) {
	if r, ok := k.(Readable); ok {
		return r.ReadBack(v, c, run)
	}
	return Self{}, nil
}

// Titled is a kind whose name for people is not the word in scenario files.
type Titled interface{ Title() string }

// Title is how people call a kind.
func Title(k Kind) string {
	if t, ok := k.(Titled); ok {
		return t.Title()
	}
	return k.Name()
}

// Speaking is a kind of backend that speaks another protocol than HTTP, one of package
// upstream's.
type Speaking interface{ Speaks() string }

// Speaks is the protocol of a kind of backend; "" is HTTP.
func Speaks(k Kind) string {
	if s, ok := k.(Speaking); ok {
		return s.Speaks()
	}
	return ""
}

// Advising is a kind that knows what helps, by what it printed before it ended.
type Advising interface{ Advice(printed string) string }

// Advice is what helps a server that ended; "" is nothing that its kind knows.
func Advice(k Kind, printed string) string {
	if a, ok := k.(Advising); ok {
		return a.Advice(printed)
	}
	return ""
}

// Named processes of a kind are not called as the kind is.
type processes interface{ Processes() []string }

// Processes are the names of a kind's processes; the kind's own by default.
func Processes(k Kind) []string {
	if p, ok := k.(processes); ok {
		return p.Processes()
	}
	return []string{k.Name()}
}

// The causes of a failed request that a kind can tell apart.
const (
	CauseConnect         = "upstream connect"  // connect() failed
	CauseNoLiveUpstreams = "no live upstreams" // no connect() was tried
)

// Telling is a kind that adds a header to each reply, of its own
// configuration, by which a failed request can be told its cause.
type Telling interface {
	// ReplyHeader names it.
	ReplyHeader() string
	// Cause reads it; "" is any other cause.
	Cause(status int, header []byte) string
}

// selfTelling is a Telling kind whose header is there whatever its configuration says.
type selfTelling interface{ TellsByItself() }

// tellsByItself says whether a kind is one.
func tellsByItself(k Kind) bool { _, ok := k.(selfTelling); return ok }

// Cause returns how the cause of a reply is told, and the header it needs.
// Without one, and with a configuration of the user's own, every reply of a status that
// the kind has for it, as a rule 502, may be a failed connect(): an error log has the
// last word.
func Cause(k Kind, ownConfig bool) (header string, cause func(status int, header []byte) string) {
	if t, ok := k.(Telling); ok && (!ownConfig || tellsByItself(k)) {
		return t.ReplyHeader(), t.Cause
	}
	failed := failureStatus(k)
	return "", func(status int, _ []byte) string {
		if slices.Contains(failed, status) {
			return CauseConnect
		}
		return ""
	}
}

// Logging is a kind that writes what fails to Site.ErrorLog.
type Logging interface {
	ErrorLog() probe.Log
}

// Log reads a kind's error log; false for a kind that writes none.
func Log(k Kind) (probe.Log, bool) {
	if l, ok := k.(Logging); ok {
		return l.ErrorLog(), true
	}
	return nil, false
}

// Waking is a kind that finds its backend by trying, and fails requests before it has:
// readiness is a request that was answered. Its Conduct says what that leaves behind.
type Waking interface{ Wakes() }

// Wakes says whether a kind is one.
func Wakes(k Kind) bool { _, ok := k.(Waking); return ok }

// Answering is a kind that answers one path by itself, without the backend.
type Answering interface{ ReadyPath() string }

// ReadyPath is what the lab's own configuration of a variant's proxy answers by itself; ""
// is nothing.
func ReadyPath(v scenarios.Variant) string {
	if a, ok := Of(v).(Answering); ok && !v.OwnConfig() && v.Upstream.Protocol != scenarios.ProtocolStream {
		return a.ReadyPath()
	}
	return ""
}

// Released is a kind whose releases differ in what matters to the ports.
type Released interface {
	// ReleaseOf is the release that an image's reference names; "" is unknown.
	ReleaseOf(image string) string
	// WithDefaults puts in place of what a variant leaves to the release what
	// that release does. An unknown release changes nothing.
	WithDefaults(v scenarios.Variant, release string) scenarios.Variant
	// ClosesToo says why the backend closes each connection as well as the
	// proxy, so that who is first is a race; "" where it does not.
	ClosesToo(v scenarios.Variant, release, backend string) string
	// Reasons say why a variant may not show what it is meant to, as far as
	// it is a matter of the release.
	Reasons(v scenarios.Variant, f preflight.Facts) []string
}

// ReleaseOf is the release of the proxy that a variant asks for; "" is unknown.
func ReleaseOf(v scenarios.Variant) string {
	if r, ok := Of(v).(Released); ok {
		return r.ReleaseOf(v.Proxy.Image)
	}
	return ""
}

// WithDefaults is a variant with the defaults of a release of its proxy, and with what a
// configuration of the user's own does.
func WithDefaults(v scenarios.Variant, release string) scenarios.Variant {
	if a := adopt(v); a != nil {
		v.Own = a.own(release, v.Load.Method)
		return v
	}
	if r, ok := Of(v).(Released); ok {
		return r.WithDefaults(v, release)
	}
	return v
}

// Privileges are what a server needs of its host, beyond nothing.
type Privileges struct {
	Capabilities []string // of root, without CAP_
	Writable     []string // directories it may write to by default
	Executable   []string // the same, for code that it makes and runs
	Settings     []string // files and directories of a machine where it is installed, which it reads
}

// Privileged is a kind that needs some.
type Privileged interface{ Privileges() Privileges }

// PrivilegesOf are what a kind needs.
func PrivilegesOf(k Kind) Privileges {
	if p, ok := k.(Privileged); ok {
		return p.Privileges()
	}
	return Privileges{}
}

// Modular is a kind that may be built without what a variant needs.
type Modular interface {
	// Lacks says, of what a server printed when it would not start, which of its parts is
	// not there and what has it; "" is another reason.
	Lacks(printed string) string
}

// Lacks is what a server says that it is built without.
func Lacks(k Kind, printed string) string {
	if m, ok := k.(Modular); ok {
		return m.Lacks(printed)
	}
	return ""
}

// Limited is a kind that prints when it reaches a limit of its own.
type Limited interface {
	// ReachedLimit is the line that says so; "" is none, or one that the
	// variant is about.
	ReachedLimit(v scenarios.Variant, printed string) string
}

// ReachedLimit is the line in which a server says that it reached a limit of
// its own.
func ReachedLimit(k Kind, v scenarios.Variant, printed string) string {
	if l, ok := k.(Limited); ok {
		return l.ReachedLimit(v, printed)
	}
	return ""
}

package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// lasting is a length of time on the command line. A bare number is seconds, as
// in other load generators.
type lasting time.Duration

func (l *lasting) String() string { return time.Duration(*l).String() }

func (l *lasting) Type() string { return "duration" }

func (l *lasting) Set(s string) error {
	d, err := time.ParseDuration(s)
	if seconds, bare := strconv.ParseFloat(s, 64); bare == nil && math.Abs(seconds) < 1e9 {
		d, err = time.Duration(seconds*1e9), nil
	}
	if err != nil {
		return errors.New("want a length of time, as in 5s, 200ms or 2m; a bare number is seconds")
	}
	*l = lasting(d)
	return nil
}

// lastingVar declares a flag of a length of time; a zero is no default to show.
func lastingVar(fs *pflag.FlagSet, d *time.Duration, name string, value time.Duration, usage string) {
	*d = value
	fs.Var((*lasting)(d), name, usage)
	if value == 0 {
		fs.Lookup(name).DefValue = ""
	}
}

// elsewhere are flags of curl, wrk, wrk2, hey, ab, oha, bombardier and vegeta
// that mean something here under another name, or more than one thing.
var elsewhere = map[string]string{
	"d": "-d is a duration to wrk and bombardier, a body to curl and hey; here: --duration 10s, or --data TEXT",
	"t": "-t is threads to wrk, a time to hey and ab; here: --loops 2, --timeout 5s or --duration 10s",
	"z": "-z is a duration to hey and oha; here: --duration 10s",
	"q": "-q is a rate per worker to hey, over all to oha; here, over all: --rate 1000",
	"R": "-R is a rate to wrk2; here: --rate 1000",
	"r": "-r is a rate to bombardier; here: --rate 1000",
	"m": "-m is a method to hey; here: --method or -X",
	"I": "-I is a HEAD request to curl; here: --method HEAD",
	"i": "-i is a HEAD request to ab; here: --method HEAD",
	"k": "-k is --insecure to curl; to ab it keeps connections alive, as is done here without --close-after",
	"T": "-T is a Content-Type to hey and ab; here: --header 'Content-Type: TYPE'",
	"D": "-D is a file to send to hey; here: --body FILE",
	"p": "-p is a file to send to ab; here: --body FILE",
	"s": "-s is a script to wrk; here: --mix, or --targets FILE",
	"o": "-o is an output to hey and vegeta; here: --json or --csv FILE",
	"u": "-u is a user to curl; here: --header 'Authorization: ...'",
	"a": "-a is a user to hey; here: --header 'Authorization: ...'",

	"concurrency":         "here: --connections",
	"workers":             "here: --connections",
	"threads":             "here: --loops",
	"time":                "here: --duration",
	"max-time":            "here: --timeout",
	"connect-timeout":     "here: --timeout",
	"request":             "here: --method or -X",
	"data-binary":         "here: --body FILE, or --data TEXT",
	"data-raw":            "here: --data TEXT",
	"body-file":           "here: --body FILE",
	"unix-socket":         "here: --unix PATH",
	"disable-keepalive":   "here: --close-after 1",
	"keepalive":           "connections are kept alive unless --close-after says otherwise",
	"latency":             "latency is always shown",
	"user":                "here: --header 'Authorization: ...'",
	"output":              "here: --json or --csv FILE",
	"disable-compression": "nothing is compressed unless --header 'Accept-Encoding: gzip' asks for it",
}

// nameElsewhere adds to an unknown flag what it may have been meant for.
func nameElsewhere(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	hint, ok := elsewhere[unknown.GetSpecifiedName()]
	if !ok {
		return err
	}
	return &usageError{fmt.Sprintf("%v\n  %s\n  `%s -h` lists the flags.", err, hint, cmd.CommandPath())}
}

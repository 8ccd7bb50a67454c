package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/lab99/lab99/lab/driver"
	"github.com/lab99/lab99/lab/image"
	"github.com/lab99/lab99/lab/verdict"
)

// TestMain makes the test's binary the child that the doctor starts.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == doctorInside {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// stub is a driver that no other file knows of.
type stub struct{ driver.Driver }

func (stub) Name() string            { return "stub" }
func (stub) Describe() string        { return "on paper" }
func (stub) Machine() driver.Machine { return driver.Machine{CPUs: 64, Kernel: "9.9.9"} }

func (stub) Find(_ context.Context, _ image.Role, ref string) (image.Image, error) {
	return image.Image{}, &image.AbsentError{Ref: ref, How: "not on paper yet"}
}

func (stub) Prepare(context.Context, image.Role, string, image.Mode, func(string)) (image.Image, error) {
	return image.Image{}, &driver.UnfitError{What: "the paper is full"}
}

func (stub) Sweep(_ context.Context, reach driver.Reach) (driver.Swept, error) {
	return driver.Swept{Removed: []string{"paper of reach " + string(rune('0'+reach))}, Kept: []string{"the pencil"}}, nil
}

// TestADriverIsOneLine: what is in the list runs, plans, is examined and cleans.
func TestADriverIsOneLine(t *testing.T) {
	before := drivers
	t.Cleanup(func() { drivers = before })
	drivers = []driver.Candidate{
		{Name: "broken", About: "nothing", Open: func(context.Context) (driver.Driver, error) {
			return nil, &driver.UnfitError{What: "there is nothing", Hint: "Get something."}
		}},
		{Name: "stub", About: "paper", Open: func(context.Context) (driver.Driver, error) { return stub{}, nil }},
	}
	out := t.TempDir()
	for _, tc := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"run port-exhaustion --driver stub --out " + out, verdict.ExitUnfit, "", "the paper is full"},
		{"run port-exhaustion --out " + out, verdict.ExitUnfit, "", "Driver: stub, because there is nothing"},
		{
			args:   "run port-exhaustion --driver paper",
			code:   verdict.ExitUsage,
			stderr: `--driver paper: no driver has that name, want one of auto, broken, stub`,
		},
		{"run -h", verdict.ExitAsExpected, "broken (nothing), stub (paper), or auto", ""},
		{"plan port-exhaustion", verdict.ExitAsExpected, "nginx:1.30: not on paper yet", ""},
		{"plan port-exhaustion", verdict.ExitAsExpected, "a run would use the driver stub, because there is nothing", ""},
		{"doctor", verdict.ExitAsExpected, "a run would use the driver stub", ""},
		{"doctor", verdict.ExitAsExpected, "warn  driver broken     there is nothing", ""},
		{"doctor", verdict.ExitAsExpected, "driver stub       on paper; on another machine, with kernel 9.9.9", ""},
		{"clean", verdict.ExitAsExpected, "removed paper of reach 1", "kept the pencil"},
		{
			args:   "clean --force",
			code:   verdict.ExitAsExpected,
			stdout: "removed paper of reach 2",
			stderr: "kept what the driver broken may have left: there is nothing",
		},
	} {
		var stdout, stderr bytes.Buffer
		code := Main(strings.Fields(tc.args), strings.NewReader(""), &stdout, &stderr)
		if code != tc.code || !strings.Contains(stdout.String(), tc.stdout) || !strings.Contains(stderr.String(), tc.stderr) {
			t.Errorf("lab99 %s: exit code %d, want %d with %q and %q; it says\n%s%s",
				tc.args, code, tc.code, tc.stdout, tc.stderr, stdout.String(), stderr.String())
		}
	}
}

// TestCleanAsksAnEngineThatWasNamed: it may hold what a run left.
func TestCleanAsksAnEngineThatWasNamed(t *testing.T) {
	before := drivers
	t.Cleanup(func() { drivers = before })
	for _, asked := range []bool{true, false} {
		drivers = []driver.Candidate{{Name: "gone", Open: func(context.Context) (driver.Driver, error) {
			return nil, &driver.UnfitError{What: "nobody there", Err: errors.New("refused"), Asked: asked}
		}}}
		var stdout, stderr bytes.Buffer
		code := Main([]string{"clean"}, strings.NewReader(""), &stdout, &stderr)
		if asked && (code != verdict.ExitUnfit || !strings.Contains(stderr.String(), "nobody there")) {
			t.Errorf("exit code %d: %s", code, stderr.String())
		}
		if !asked && (code != verdict.ExitAsExpected || !strings.Contains(stdout.String(), "nothing to remove")) {
			t.Errorf("exit code %d: %s", code, stdout.String())
		}
	}
}

func TestSubnetFlag(t *testing.T) {
	for text, wrong := range map[string]string{
		"":                            "",
		"198.18.99.0/24":              "",
		"10.99.0.0/16, 172.31.4.0/23": "",
		"192.168.7.9/24":              "",
		"10.0.0.0/8":                  "a /8",
		"198.18.0.0/15":               "a /15",
		"10.0.0.0/30":                 "a /30",
		"8.8.8.0/24":                  "neither private",
		"172.32.0.0/24":               "neither private",
		"198.20.0.0/24":               "neither private",
		"10.99.0.0/24,1.1.0.0/16":     "neither private",
		"fd00::/24":                   "not an IPv4 network",
		"lab":                         "not an IPv4 network",
	} {
		_, err := parseSubnets(text)
		if usage := new(usageError); wrong != "" && (!errors.As(err, &usage) || !strings.Contains(usage.msg, wrong)) ||
			wrong == "" && err != nil {
			t.Errorf("--subnet %q: %v, want an error with %q", text, err, wrong)
		}
	}
}

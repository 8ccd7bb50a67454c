package nginxconf

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVariablesHaveTheValuesTheyMayHave(t *testing.T) {
	const text = `map $host $a { default 1; x.org 2; ~^(?<n>[a-z]+)\.net$ $n; }
map $http_upgrade $b { default up; '' $a; }
map $c $c { default $c; }
geo $d { default near; 10.0.0.0/8 far; }
split_clients $request_id $e { 10% one; * two; }
server { location / { proxy_pass http://$%s; } }`
	for name, want := range map[string]string{
		"a":       "1, 2 and $n", // $n is a group that no request tells
		"b":       "1, 2 and $n",
		"c":       "$c",
		"d":       "near, far",
		"e":       "one, two",
		"nothing": "$nothing",
	} {
		config, err := Load("x.conf", Options{Text: []byte(strings.Replace(text, "%s", name, 1))})
		if err != nil {
			t.Fatal(err)
		}
		var got, why []string
		for _, r := range config.Routes(Release{}) {
			if r.Unknown != "" {
				why = append(why, strings.TrimSuffix(r.Unknown, " decides, and its value is not in the configuration"))
				continue
			}
			got = append(got, strings.TrimPrefix(r.Target, "http://"))
		}
		slices.SortFunc(got, func(a, b string) int { return strings.Index(want, a) - strings.Index(want, b) })
		text := strings.Join(got, ", ")
		if len(why) > 0 {
			text = strings.TrimPrefix(text+" and "+strings.Join(why, ", "), " and ")
		}
		if text != want {
			t.Errorf("$%s: %s, want %s", name, text, want)
		}
	}
}

// Maps that name each other twice would double the work at each step.
func TestNestedMapsDoNotMultiply(t *testing.T) {
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "map $v%d $v%d { default $v%[1]d$v%[1]d; a $v%[1]d; }\n", i, i+1)
	}
	b.WriteString("server { location / { proxy_pass http://$v60; } }")
	start := time.Now()
	config, err := Load("x.conf", Options{Text: []byte(b.String())})
	if err != nil {
		t.Fatal(err)
	}
	config.Routes(Release{})
	config.Select(Release{}, Request{})
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

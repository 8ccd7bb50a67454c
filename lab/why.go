package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lab99/lab99/lab/ability"
	"github.com/lab99/lab99/lab/law"
	"github.com/lab99/lab99/lab/preflight"
	"github.com/lab99/lab99/lab/probe"
	"github.com/lab99/lab99/lab/proxy"
	"github.com/lab99/lab99/results"
	"github.com/lab99/lab99/scenarios"
)

// reasons collects why error 99 may not come as it should, a sentence once for
// all variants that it is about.
type reasons []reason

type reason struct {
	text     string
	variants []string
}

// add takes a variant's sentences and returns those not heard before.
func (r *reasons) add(variant string, texts []string) (news []string) {
next:
	for _, text := range texts {
		for i := range *r {
			if (*r)[i].text == text {
				if !slices.Contains((*r)[i].variants, variant) { // it may have been run twice
					(*r)[i].variants = append((*r)[i].variants, variant)
				}
				continue next
			}
		}
		*r = append(*r, reason{text, []string{variant}})
		news = append(news, text)
	}
	return news
}

// notes are the sentences, each with the variants it is about.
func (r reasons) notes() []string {
	var all []string
	for _, x := range r {
		all = append(all, strings.Join(x.variants, ", ")+": "+x.text)
	}
	return all
}

// Platform is what is known of the machine that a plan would run on. The zero
// value of a field is unknown.
type Platform struct {
	CPUs         int
	Kernel       string // release
	ConntrackMax int    // net.netfilter.nf_conntrack_max, which each namespace inherits
	NoFile       uint64 // descriptors a server may open
	Abilities    ability.Found
}

// Reasons says of a plan why its variants may not show what they are meant to,
// as far as that is known before anything runs. release is that of a variant's
// proxy, "" if it is unknown.
func Reasons(r *scenarios.Resolved, release func(scenarios.Variant) string, on Platform) []string {
	var why reasons
	var baseline *law.Prediction
	for _, v := range r.Variants {
		s := on.Abilities.Apply(setup(v, usable(v), on.CPUs, nil, baseline))
		if baseline == nil {
			baseline = baselineOf(s, law.Predict(s))
		}
		f := factsOf(v, s, release(v))
		f.Kernel, f.ConntrackMax, f.NoFile, f.RangeWidth = on.Kernel, on.ConntrackMax, on.NoFile, v.Ports.N()
		f.OptionRemovesStep = on.Abilities.LocalPortRangeRemovesStep
		why.add(v.Name, preflight.Reasons(f))
	}
	return why.notes()
}

// factsOf are the facts of a variant that its files tell.
func factsOf(v scenarios.Variant, s law.Setup, release string) preflight.Facts {
	f := preflight.Facts{
		Setup: s, Connections: v.AtOnce(),
		Proxy: v.Proxy.Kind, Release: release, BackendName: proxy.BackendTitle(v),
	}
	races := v.OwnConfig() || race(v)
	f.KeepAliveOff = races && !v.Backend.KeepAlive
	if k, ok := proxy.Of(v).(proxy.Released); ok {
		f.OfRelease = k.Reasons(v, f)
		if races {
			f.ClosesToo = k.ClosesToo(v, release, f.BackendName)
		}
	}
	return f
}

// reasons are those of a variant whose proxy has been read back, in a network
// namespace of this name.
func (x *variantRun) reasons(px results.HostEnv, netns string) []string {
	f := factsOf(x.v, x.setup(px), px.Version)
	f.Kernel = x.o.Driver.Machine().Kernel
	f.NoFile = px.NoFile
	if found := foundOf(px, x.o.found); found != nil {
		f.OptionRemovesStep = found.LocalPortRangeRemovesStep
	}
	here := probe.NetNS()
	f.HostNetwork = here != "" && here == netns
	f.ConntrackMax, _ = strconv.Atoi(px.Sysctls["net.netfilter.nf_conntrack_max"])
	var low, high int
	if n, _ := fmt.Sscan(px.Sysctls[portRange], &low, &high); n == 2 {
		f.RangeWidth = high - low + 1
	}
	return preflight.Reasons(f)
}

# lab99. Two commands do all the set-up they need: make reproduce, make test.

SIZE    ?= standard
GO      ?= go
VERSION := $(shell cat VERSION)
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null)
CLI     := github.com/lab99/lab99/lab/cli
LDFLAGS := -s -w -X $(CLI).buildVersion=$(VERSION) -X $(CLI).buildRevision=$(COMMIT)
BUILD   := CGO_ENABLED=0 $(GO) build -buildvcs=false -trimpath -ldflags '$(LDFLAGS)'

# What the engine's hosts run. On Linux it is the program itself; elsewhere the
# engine is Linux in a virtual machine, and needs a copy of its own.
HOSTOS   := $(shell $(GO) env GOOS)
HOSTARCH := $(shell $(GO) env GOARCH)
AGENT    := bin/lab99-linux-$(HOSTARCH)

.PHONY: help build reproduce example test testkube package browser recording kernels incidents soak fuzz man bench lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  SIZE=quick|standard|full goes with make reproduce; standard is the default."

build: ## build the static binary, bin/lab99
	$(BUILD) -o bin/lab99 ./lab/cmd/lab99
ifneq ($(HOSTOS),linux)
	GOOS=linux $(BUILD) -o $(AGENT) ./lab/cmd/lab99
endif

reproduce: build ## show error 99 and what the three fixes do to it, with a report
	bin/lab99 reproduce --size $(SIZE)

example: build ## run the standard size again and keep it as results/example/port-exhaustion-standard
	rm -rf results/runs/example
	bin/lab99 reproduce --size standard --note 'the example of the README' --out results/runs/example
	rm -rf results/example/port-exhaustion-standard
	mv "$$(ls -d results/runs/example/*-port-exhaustion-standard)" results/example/port-exhaustion-standard
	bin/lab99 report results/example/port-exhaustion-standard

# Packages that put labs under load or measure the machine come one at a time: two
# of them would measure each other. The others come first, all at once. Never from
# the cache: engines, kernels and other packages are not among its keys.
# Of the others those that take longest come first, so that none of them is left alone in the end, and
# twice as many as there are processors run at once: half of them wait for servers.
# They are built as the program is, which some of them build: else all would be compiled twice.
MEASURING = ./lab/ability/trial ./lab/cmd/kernels ./lab/cmd/lab99 ./lab/diagnose ./lab/driver/kubernetes ./lab/trace ./loadgen/...
LONG      = $(shell $(GO) list ./lab/driver/docker ./results/report ./lab ./scenarios/nginxconf)
OTHERS    = $(LONG) $(filter-out $(LONG) $(shell $(GO) list $(MEASURING)),$(shell $(GO) list ./...))
AT_ONCE   = $(shell echo $$(( 2 * $$(getconf _NPROCESSORS_ONLN) )))
TEST      = CGO_ENABLED=0 $(GO) test -trimpath -count=1
test: ## run the tests; those that need Docker or root skip where it is missing
	$(TEST) -timeout 10m -p $(AT_ONCE) $(OTHERS)
	$(TEST) -timeout 30m -p 1 $(MEASURING)

# A cluster is too much to build in a test: a quarter of an hour of processor time, once.
testkube: ## build the Kubernetes that the tests of --driver kubernetes bring up, into the user's cache
	$(GO) run ./internal/kubecluster/testkube

# The program is the init of its own guests, which have no libraries.
KERNELS ?=
PROBE   ?=
kernels: build ## boot Linux 5.10 to the newest, run lab99 inside, write results/kernels (10 to 16 minutes; KERNELS='uml-sid host', PROBE=1)
	CGO_ENABLED=0 $(GO) run -buildvcs=false -trimpath ./lab/cmd/kernels --kernels '$(KERNELS)' $(if $(PROBE),--probe)

# The page is written whatever came of the runs: its test says what is wrong with them.
incidents: build ## re-enact the public incidents of docs/incidents.md in network namespaces, and write what came of each (about four minutes)
	bin/lab99 run scenarios/incidents/*.yaml --size quick --driver netns --out results/runs/incidents; code=$$?; \
	  $(GO) run -buildvcs=false ./lab/cmd/incidents results/runs/incidents && exit $$code

# A fuzz target runs alone, one after the other; each begins with its corpus.
FUZZTIME ?= 10m
fuzz: ## every fuzz target in turn, FUZZTIME=10m each
	@set -e; for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5s $$p; done; done

soak: ## the long proofs: 20 quick runs, 30 kills and the catalogue on each driver, the full size, alerts in a real Prometheus, six scenarios in a cluster (over an hour)
	$(GO) test -count=1 -tags soak -run Soak -v -timeout 3h ./lab/cmd/lab99 ./lab/diagnose ./lab/driver/kubernetes ./loadgen

BENCHED = ./lab/ability/trial ./lab/cli ./lab/cmd/lab99 ./lab/diagnose ./lab/lint ./lab/probe ./lab/proxy/nginx ./lab/trace ./results/chart ./results/openmetrics ./results/report
bench: ## hold the load generator against wrk and the Go generators, in one run (about 10 minutes), and time the rest
	loadgen/bench/run.sh
	$(GO) test -run '^$$' -bench . -benchtime 3x $(BENCHED)

# A module of its own, like the cluster.
package: ## write deb, rpm, tarballs, container image, checksums and bills of materials into dist
	cd internal/packaging && $(GO) run .

browser: build ## look at the pages in a Chromium: names, contrast, focus, replay, a run under way (PICTURES=DIR keeps what it saw)
	cd internal/browsertest && LAB99_PICTURES=$(PICTURES) $(GO) test -count=1 -v .

recording: build ## record the README's terminal and live page from a real run (wants a Chromium and a quiet machine)
	cd internal/browsertest && $(GO) run ./record ../.. ../../docs/recording

man: ## write the man pages into bin/man
	$(GO) run ./lab/cmd/man bin/man

lint: ## gofmt, vet, staticcheck, go mod tidy, cross-builds
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags soak ./lab/cmd/lab99 ./lab/diagnose ./lab/driver/kubernetes ./loadgen
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null ./lab/cmd/lab99
	GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./lab/cmd/lab99
	GOOS=linux GOARCH=arm64 $(GO) build -o /dev/null ./lab/cmd/lab99

clean: ## remove the binaries, and what earlier runs left in the engine
	@if [ -x bin/lab99 ]; then bin/lab99 clean || true; fi
	rm -rf bin dist

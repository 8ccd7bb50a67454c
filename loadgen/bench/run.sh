#!/usr/bin/env bash
# Measures loadgen beside wrk and its Go peers on this machine, over loopback
# only, and writes results/bench/<date>.md and .csv.
#
#   loadgen/bench/run.sh            five rounds, about seven minutes
#   QUICK=1 loadgen/bench/run.sh    two short rounds: does it work?
#
# ROUNDS=5          clean rounds to take the medians of
# CACHE=DIR         where the tools are kept between runs
# OUT=DIR           where the results go (results/bench)
# KEEP_DISTURBED=1  count rounds in which something else used the machine too
#
# The first run installs wrk, nginx and a C compiler with apt-get (root) and
# builds the Go peers, which takes some minutes more.
set -euo pipefail
cd "$(dirname "$0")/../.."
cache=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lab99-bench}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
say() { printf '%s\n' "$*" >&2; }

packages=()
for tool in wrk:wrk nginx:nginx-light gcc:gcc taskset:util-linux; do
  PATH=$PATH:/usr/sbin command -v "${tool%%:*}" >/dev/null || packages+=("${tool##*:}")
done
[ -f /usr/include/stdio.h ] || packages+=(libc6-dev)
if [ ${#packages[@]} -gt 0 ]; then
  say "installing ${packages[*]}"
  apt-get update -q >&2
  apt-get install -qy --no-install-recommends "${packages[@]}" >&2
fi

# peer NAME MODULE VERSION: built in a throw-away module that names the exact
# version, since `go install MODULE@VERSION` also wants the list of all others.
peer() {
  local bin=$cache/$1-$3
  if [ ! -x "$bin" ]; then
    say "building $1 $3"
    local dir
    dir=$(mktemp -d)
    printf 'module peer\n\ngo 1.22\n\nrequire %s %s\n' "$2" "$3" >"$dir/go.mod"
    if ! (cd "$dir" && GOFLAGS=-mod=mod go build -o "$bin" "$2"); then
      say "cannot build $1: its rows stay empty"
    fi
    rm -r "$dir"
  fi
  ln -sf "$bin" "$cache/$1"
}
peer fortio fortio.org/fortio v1.65.0
peer bombardier github.com/codesenberg/bombardier v1.2.6
peer vegeta github.com/tsenart/vegeta/v12 v12.13.0

for c in floor server; do
  if [ "loadgen/bench/c/$c.c" -nt "$cache/$c" ]; then
    gcc -O2 -Wall -o "$cache/$c" "loadgen/bench/c/$c.c" -lm
  fi
done
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$cache/lab99" ./lab/cmd/lab99
go build -o "$cache/bench" ./loadgen/bench
allocs=$(go test -run '^$' -bench '^BenchmarkRequest$' -benchtime 200000x -benchmem ./loadgen | awk '/allocs\/op/{print $(NF-1)}')

PATH=$PATH:/usr/sbin exec "$cache/bench" -tools "$cache" -out "${OUT:-results/bench}" -allocs "${allocs:-unknown}" \
  -rounds "${ROUNDS:-0}" -quick="${QUICK:-0}" -keep="${KEEP_DISTURBED:-0}"

#!/usr/bin/env bash
# Measures calls through the binding beside the same calls in Go. The arguments are flags for Maven.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

go test -run '^$' -bench BenchmarkBound ./mobile | awk '/^BenchmarkBound/ {
  sub("BenchmarkBound", ""); sub("-[0-9]+$", "", $1); printf "Go     %-52s %10.2f µs\n", $1, $3 / 1000 }'
mvn -q -f android-sample -pl terminal -am test -Dtest=JvmBench -Dsurefire.failIfNoSpecifiedTests=false "$@" >&2
cat build/jvm/bench.txt

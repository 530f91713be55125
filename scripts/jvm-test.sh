#!/usr/bin/env bash
# Builds and tests the Kotlin side with Maven, whose flags are the arguments, and counts the tests. Prints N passed, N failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

find android-sample -path '*/target/surefire-reports/*' -delete
built=0
mvn -q -f android-sample verify -Dmaven.test.failure.ignore=true "$@" >&2 || built=$?

# A report's first element counts: tests="…" errors="…" skipped="…" failures="…". A skipped test has not shown anything.
counts=$(find android-sample -path '*/target/surefire-reports/TEST-*.xml' -exec grep -hom 1 '<testsuite .*' {} + | awk '
  function count(name) { return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) : 0 }
  { tests += count("tests"); failed += count("errors") + count("failures") + count("skipped") }
  END { print tests - failed, failed + 0 }')
read -r passed failed <<<"$counts"
if [ "$built" != 0 ]; then
  echo "jvm-test: Maven failed; see above" >&2
  failed=$((failed + 1))
elif [ "$passed" = 0 ]; then
  echo "jvm-test: no test ran" >&2
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

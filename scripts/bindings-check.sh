#!/usr/bin/env bash
# Generates the bindings as gomobile does for Android and compares them with mobile/testdata/golden. gobind skips what it
# cannot bind and exits 0, so the generated Java is searched for its comments too. --update accepts what is generated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$(mktemp -d "${TMPDIR:-/tmp}/bindings.XXXXXX")
trap 'rm -rf "$out"' EXIT

# Built for this machine first: under GOOS=android the go command would build gobind itself for Android.
go build -o "$out/gobind" golang.org/x/mobile/cmd/gobind
GOOS=android CGO_ENABLED=1 "$out/gobind" -lang=go,java -javapkg=com.smartpos.terminal.bind -outdir="$out" ./mobile

# gobind type-checked mobile and all beneath it with cgo on; what needs no SQLite is checked without cgo too.
GOOS=android GOARCH=arm64 CGO_ENABLED=0 go vet ./fault ./keystore ./pairing ./deviceauth ./ws ./posstream ./intentbridge ./backend/... ./internal/...

java="$out/java/com/smartpos/terminal/bind/mobile"
if grep -rn '// skipped' "$out/java/com"; then
  echo "bindings-check: gobind skipped the above; give it a type that can be bound" >&2
  exit 1
fi
golden=mobile/testdata/golden
if [ "${1:-}" = --update ]; then
  rm -rf "$golden"
  mkdir -p "$golden"
  cp "$java"/*.java "$golden"/
  echo "bindings-check: updated $golden"
  exit 0
fi
if ! diff -ru "$golden" "$java"; then
  echo "bindings-check: the bound surface changed; see it is meant, run 'make bindings-update' and add to CHANGELOG.md" >&2
  exit 1
fi
echo "bindings-check: nothing skipped, Java equals the golden"

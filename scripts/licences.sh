#!/usr/bin/env bash
# Prints this library's licence and those of everything that is linked into libgojni.so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
print() { # NAME FILE
  printf '%s\n\n' "$1"
  cat "$2"
  printf '\n\n'
}
print "SmartPOS terminal library" LICENSE
print "The Go standard library and runtime" "$(go env GOROOT)/LICENSE"
# x/mobile is what gobind's glue comes from; mobile itself does not import it.
{
  go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./mobile
  go list -m -f '{{.Path}} {{.Version}} {{.Dir}}' golang.org/x/mobile
} | LC_ALL=C sort -u | while read -r module version dir; do
  print "$module $version" "$(find "$dir" -maxdepth 1 -name 'LICENSE*' | LC_ALL=C sort | head -n 1)"
done
printf 'SQLite\n\nSQLite is in the public domain.\n'

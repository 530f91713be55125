#!/usr/bin/env bash
# Finds what the build needs, or with the argument node what tests against servers written for Node need. What is missing is
# installed when run as root on Debian or Ubuntu, else named with how to get it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { echo "setup: $*" >&2; }

apt_get() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >&2
    apt-get install -y -qq --no-install-recommends "$@" >&2
  else
    say "missing: $*. Install it with your package manager (Debian, Ubuntu: sudo apt-get install $*)."
    exit 1
  fi
}

if [ "${1:-}" = node ]; then
  { command -v node && command -v npm; } >/dev/null || apt_get nodejs npm
  exit 0
fi

command -v gcc >/dev/null || command -v clang >/dev/null || apt_get gcc libc6-dev
command -v git >/dev/null || apt_get git
if ! command -v go >/dev/null; then
  apt_get golang-go
fi
want=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
have=$(go env GOVERSION | sed 's/^go\([0-9]*\.[0-9]*\).*/\1/')
if [ "$(printf '%s\n%s\n' "$want" "$have" | sort -V | head -n 1)" != "$want" ]; then
  say "Go $want or newer is needed, this is Go $have; see go.dev/doc/install."
  exit 1
fi

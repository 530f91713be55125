#!/usr/bin/env bash
# Finds what the build needs. What is missing is installed when run as root on Debian or Ubuntu, else named with how to get it.
# With "node" or "python" as arguments these are found or installed too: tests run what is written in these languages.
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

# newer_than A B: version B is A or newer.
newer_than() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# The Go of a distribution is often older than go.mod wants. From 1.21 on it fetches the right one itself; an older one fetches it
# here, as the module that it is on the module proxy, into bin/go.
want=$(sed -n 's/^go \([0-9.]*\).*/\1/p' go.mod)
fetch_go() {
  local module folder
  module="golang.org/toolchain@v0.0.1-go$want.$(go env GOOS)-$(go env GOARCH)"
  say "Go $want is needed, $(go env GOVERSION) is here; fetching $module"
  # Outside the module: an old Go cannot read a go.mod of today.
  folder=$(cd / && GO111MODULE=on GOFLAGS=-mod=mod go mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  [ -n "$folder" ] || { say "it could not be fetched; install Go $want or newer, see go.dev/doc/install."; exit 1; }
  mkdir -p bin
  rm -rf bin/go
  cp -R "$folder" bin/go
  chmod -R u+w bin/go
  chmod +x bin/go/bin/* bin/go/pkg/tool/*/*
}

command -v gcc >/dev/null || command -v clang >/dev/null || apt_get gcc libc6-dev
command -v git >/dev/null || apt_get git
export PATH="$PWD/bin/go/bin:$PATH"
command -v go >/dev/null || apt_get golang-go ca-certificates
have=$(go env GOVERSION | sed 's/^go//')
if ! newer_than "$want" "$have"; then
  newer_than 1.21 "$have" || fetch_go
fi

for tool in "$@"; do
  case "$tool" in
    node) { command -v node && command -v npm; } >/dev/null || apt_get nodejs npm ;;
    python) command -v python3 >/dev/null || apt_get python3-minimal ;;
    *) say "unknown tool $tool: node and python are known"; exit 2 ;;
  esac
done

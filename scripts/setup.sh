#!/usr/bin/env bash
# Finds what the build needs: git, Go and a C compiler. With arguments it finds what some tests need besides:
#   java    a JDK of version 17 or newer and Maven
#   node    Node (20.20, 22 or newer) and npm
#   python  Python with its package cryptography
#   tools   curl, zip and unzip
# What is missing is installed when run as root on Debian or Ubuntu, else named with how to get it.
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
  # The zip of a module has no go.mod of another in it. Without them ./... would take the library of Go for a part of this module.
  find bin/go -name _go.mod -execdir mv {} go.mod \;
}

go_and_c() {
  command -v gcc >/dev/null || command -v clang >/dev/null || apt_get gcc libc6-dev
  command -v git >/dev/null || apt_get git
  export PATH="$PWD/bin/go/bin:$PATH"
  command -v go >/dev/null || apt_get golang-go ca-certificates
  local have
  have=$(go env GOVERSION | sed 's/^go//')
  newer_than "$want" "$have" || newer_than 1.21 "$have" || fetch_go
}

jdk() { # of version 17 or newer
  command -v java >/dev/null && command -v javac >/dev/null &&
    [ "$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')" -ge 17 ]
}

node_now() { # with what the packages of the tests take from it
  command -v node >/dev/null && command -v npm >/dev/null && node -e 'process.exit(globalThis.crypto && URL.parse ? 0 : 1)' 2>/dev/null
}

# The Node of a distribution is often older too; the registry of npm has it as a package. It comes into bin/node.
fetch_node() {
  local arch
  case "$(uname -sm)" in
  'Linux x86_64') arch=x64 ;;
  'Linux aarch64') arch=arm64 ;;
  *)
    say "Node 20.20, 22 or newer is needed; the node found first on PATH is older."
    exit 1
    ;;
  esac
  say "Node 22 is needed, $(node --version) is here; fetching node-linux-$arch"
  npm install --silent --no-audit --no-fund --no-save --prefix bin/node "node-linux-$arch@22.23.3" >&2
  ln -sfn "node_modules/node-linux-$arch/bin" bin/node/bin
}

python() { # with the package cryptography
  local candidate
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import cryptography' 2>/dev/null; then return 0; fi
  done
  return 1
}

[ $# != 0 ] || go_and_c
for need in "$@"; do
  case "$need" in
  java)
    go_and_c
    jdk || apt_get default-jdk-headless
    jdk || apt_get openjdk-17-jdk-headless # where the default is older
    if ! jdk; then
      say "JDK 17 or newer is needed; the javac found first on PATH is older."
      exit 1
    fi
    command -v mvn >/dev/null || apt_get maven
    ;;
  node)
    export PATH="$PWD/bin/node/bin:$PATH"
    { command -v node && command -v npm; } >/dev/null || apt_get nodejs npm
    node_now || fetch_node
    ;;
  python)
    python || apt_get python3 python3-cryptography
    ;;
  tools)
    { command -v curl && command -v zip && command -v unzip; } >/dev/null || apt_get curl zip unzip
    ;;
  *)
    say "unknown argument $need; there are java, node, python and tools"
    exit 2
    ;;
  esac
done

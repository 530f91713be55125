#!/usr/bin/env bash
# Builds the AAR and lays it, with sources and POM, into build/aar as a Maven repository. It needs what docs/aar.md lists; the
# first thing that is missing is named in one line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "aar: $1; see docs/aar.md" >&2; exit 1; }

ndk_found() {
  local sdk=${ANDROID_HOME:-${ANDROID_SDK_ROOT:-}} root
  for root in "${ANDROID_NDK_HOME:-}" "$sdk"/ndk/* "$sdk"/ndk-bundle; do
    if [ -f "$root/meta/platforms.json" ]; then return 0; fi
  done
  return 1
}
ndk_found || die "no Android NDK: set ANDROID_HOME to an SDK that has ndk/VERSION, or ANDROID_NDK_HOME to an NDK"
for tool in go mvn javac zip unzip readelf; do
  command -v "$tool" >/dev/null || die "$tool is not on PATH"
done
go list -m all >/dev/null 2>&1 || die "the Go module proxy does not serve every module that gomobile wants ('go list -m all' fails)"

version=$(sed -n 's/^const version = "\(.*\)"/\1/p' mobile/errors.go)
name=terminal-$version
work=$(mktemp -d "${TMPDIR:-/tmp}/aar.XXXXXX")
trap 'rm -rf "$work"' EXIT

# gomobile looks for gobind on PATH; both are of the version in go.mod.
GOBIN=$work/bin go install golang.org/x/mobile/cmd/gomobile golang.org/x/mobile/cmd/gobind
. scripts/shipped.sh
PATH=$work/bin:$PATH gomobile bind -target=android -androidapi 26 -javapkg=com.smartpos.terminal.bind -trimpath -tags="$tags" \
  -ldflags="$ldflags" -o "$work/bound.aar" ./mobile
# The Kotlin library compiles against the binding for this machine, which has the same classes.
scripts/jvm-binding.sh
mvn -q -B -f android-sample/pom.xml -pl terminal -am -DskipTests package

# One AAR: the binding and the Kotlin library in its classes.jar.
mkdir -p "$work"/{aar/assets,classes,sources}
unzip -q "$work/bound.aar" -d "$work/aar"
unzip -q "$work/aar/classes.jar" -d "$work/classes"
unzip -q -o "android-sample/terminal/target/$name.jar" -d "$work/classes" -x 'META-INF/MANIFEST.MF' 'META-INF/maven/*'
unzip -q "$work/bound-sources.jar" -d "$work/sources"
cp -R android-sample/terminal/src/main/kotlin/. "$work/sources"
cp android-sample/aar/AndroidManifest.xml "$work/aar/AndroidManifest.xml"
cp android-sample/aar/consumer-rules.pro "$work/aar/proguard.txt"
scripts/licences.sh > "$work/aar/assets/smartpos-terminal-licences.txt"

# The same files give the same bytes: sorted names, one time stamp, no owners.
pack() { # FOLDER ARCHIVE
  find "$1" -exec touch -h -d '1980-01-01T00:00:00Z' {} +
  rm -f "$2"
  (cd "$1" && find . -mindepth 1 \( -type f -o -empty \) | sed 's,^\./,,' | LC_ALL=C sort | TZ=UTC zip -q -9 -X -@ "$2")
}
pack "$work/classes" "$work/aar/classes.jar"

out=$PWD/build/aar/com/smartpos/terminal/terminal/$version
rm -rf build/aar
mkdir -p "$out"
pack "$work/aar" "$out/$name.aar"
pack "$work/sources" "$out/$name-sources.jar"
property() { sed -n "s,.*<$1>\(.*\)</$1>.*,\1,p" android-sample/pom.xml; }
sed -e "s/@VERSION@/$version/" -e "s/@KOTLIN@/$(property kotlin.version)/" -e "s/@COROUTINES@/$(property coroutines.version)/" \
  -e "s/@SERIALIZATION@/$(property serialization.version)/" android-sample/aar/pom.xml.in > "$out/$name.pom"

scripts/aar-check.sh "$out/$name.aar"
sha256sum "$out/$name.aar"

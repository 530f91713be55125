#!/usr/bin/env bash
# Builds the binding for a desktop JVM into build/jvm: libgojni.so and classes/. The Java is what gomobile puts into the AAR;
# the Go and C beside it are gobind's for Android, compiled for this machine with the flags of the AAR. Does nothing when nothing
# changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$PWD/build/jvm

java_home=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
sources() { # what the library is built of
  git ls-files --cached --others --exclude-standard go.mod go.sum '*.go' | grep -v '_test\.go$\|/testdata/\|^bench/\|^cmd/\|^emulator/'
}
state=$({ sources | xargs sha256sum; sha256sum scripts/{jvm-binding.sh,shipped.sh,sqlite.h}; go version; "$java_home/bin/javac" -version; } 2>&1 | sha256sum)
if [ "$(cat "$out/state" 2>/dev/null)" = "$state" ]; then
  exit 0
fi
rm -rf "$out"
mkdir -p "$out/stubs/android/content" "$out/classes"

# Built for this machine first: under GOOS=android the go command would build gobind itself for Android.
go build -o "$out/gobind" golang.org/x/mobile/cmd/gobind
GOOS=android CGO_ENABLED=1 "$out/gobind" -lang=go,java -javapkg=com.smartpos.terminal.bind -outdir="$out" ./mobile

# _android in a name is a build constraint in .go and .c files; headers are included under their names and keep them. The
# underscore in _go hides the folder from ./... of the go command.
mv "$out/src/gobind" "$out/_go"
for file in "$out"/_go/*_android.{go,c}; do
  mv "$file" "${file/_android./_jvm.}"
done
sed -i 's/^\(\/\/ *#cgo LDFLAGS:.*\) *-llog/\1/' "$out"/_go/*.go

# What gobind's C and Java take from Android: its log, and the name of a class.
cat >"$out/stubs/android/log.h" <<'HEADER'
#pragma once
#include <stdarg.h>
#include <stdio.h>
enum { ANDROID_LOG_INFO = 4, ANDROID_LOG_ERROR = 6, ANDROID_LOG_FATAL = 7 };
static inline int __android_log_vprint(int level, const char *tag, const char *format, va_list args) {
  (void)level;
  fprintf(stderr, "%s: ", tag);
  int n = vfprintf(stderr, format, args);
  fputc('\n', stderr);
  return n;
}
__attribute__((unused)) static int __android_log_print(int level, const char *tag, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = __android_log_vprint(level, tag, format, args);
  va_end(args);
  return n;
}
HEADER
echo 'package android.content; public abstract class Context {}' >"$out/stubs/android/content/Context.java"

# Flags of this package alone, so that SQLite is not compiled again for them.
cat >"$out/_go/flags.go" <<GO
package main

// #cgo CFLAGS: -D__GOBIND_ANDROID__ -Wno-incompatible-pointer-types -I$out/stubs -I$java_home/include -I$java_home/include/linux
import "C"
GO
. scripts/shipped.sh
CGO_ENABLED=1 go build -trimpath -tags="$tags" -ldflags="$ldflags" -buildmode=c-shared -o "$out/libgojni.so" "$out/_go"

mkdir "$out/stub-classes"
"$java_home/bin/javac" -nowarn -Xlint:-options --release 8 -d "$out/stub-classes" "$out/stubs/android/content/Context.java"
find "$out/java" -name '*.java' -print0 |
  xargs -0 "$java_home/bin/javac" -nowarn -Xlint:-options --release 8 -cp "$out/stub-classes" -d "$out/classes"
echo "$state" >"$out/state"

#!/usr/bin/env bash
# Checks a built AAR, whose sources jar and POM lie beside it: ABIs, page alignment, size, classes, rules, manifest, licences.
# Every fault is named; one is enough to fail.
set -euo pipefail
aar=$1
work=$(mktemp -d "${TMPDIR:-/tmp}/aar-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
unzip -q "$aar" -d "$work"
faults=0
fault() { echo "aar-check: $1" >&2; faults=$((faults + 1)); }

# What an app downloads for one ABI, in bytes of the archive.
budget=$((4 * 1024 * 1024))
# Android 15 runs on devices with pages of 16 KiB, where a library aligned to less is refused.
page=16384

for abi in armeabi-v7a arm64-v8a x86 x86_64; do
  library=jni/$abi/libgojni.so
  if [ ! -f "$work/$library" ]; then
    fault "$library is missing"
    continue
  fi
  packed=$(unzip -v "$aar" "$library" | awk -v name="$library" '$NF == name { print $3 }')
  [ "$packed" -le "$budget" ] || fault "$library takes $packed bytes in the AAR, more than $budget"
  loads=0
  while read -r align; do
    loads=$((loads + 1))
    [ $((align % page)) = 0 ] || fault "$library has a LOAD segment aligned to $align, not to a multiple of $page"
  done < <(readelf -lW "$work/$library" | awk '$1 == "LOAD" { print $NF }')
  [ "$loads" -gt 0 ] || fault "$library has no LOAD segment"
done

unzip -l "$work/classes.jar" > "$work/classes.txt"
for class in go/Seq com/smartpos/terminal/bind/mobile/Mobile com/smartpos/terminal/Terminal; do
  grep -q " $class.class$" "$work/classes.txt" || fault "classes.jar has no $class"
done
for rule in '-keep class go.** { *; }' '-keep class com.smartpos.terminal.bind.** { *; }' \
  '-keepclassmembers class com.smartpos.terminal.android.MPACBridge {'; do
  grep -qxF -e "$rule" "$work/proguard.txt" || fault "proguard.txt lacks: $rule"
done

manifest=$(sed 's/<!--.*-->//; /<!--/,/-->/d' "$work/AndroidManifest.xml")
for entry in 'android:minSdkVersion="26"' android.permission.INTERNET android.permission.ACCESS_NETWORK_STATE \
  '<package android:name="com.demo.smarttab.creditcard" />'; do
  grep -qF "$entry" <<< "$manifest" || fault "AndroidManifest.xml lacks $entry"
done
# The data folder is outside every backup by its place; an attribute would only clash with the app's own.
if grep -qiE 'backup|dataExtraction' <<< "$manifest"; then
  fault "AndroidManifest.xml says something of backup, which is the app's to say"
fi

grep -qs 'public domain' "$work/assets/smartpos-terminal-licences.txt" || fault "the licences are missing"
unzip -tq "${aar%.aar}-sources.jar" >/dev/null 2>&1 || fault "the sources jar is missing or damaged"
grep -qs '<packaging>aar</packaging>' "${aar%.aar}.pom" || fault "the POM is missing"

[ "$faults" = 0 ] || exit 1
echo "aar-check: $aar is complete"

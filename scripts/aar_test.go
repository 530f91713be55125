// Package scripts_test runs the scripts whose real tools few machines have, with stand-ins that record what they were asked.
package scripts_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"debug/elf"
	"encoding/binary"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree is a copy of what aar.sh reads, with stand-ins for go, gomobile and mvn on its PATH.
type tree struct {
	root, log string
	env       []string
}

// library is an ELF file with one LOAD segment, then extra bytes that do not compress.
func library(t *testing.T, align uint64, extra int) string {
	t.Helper()
	var b bytes.Buffer
	head := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_AARCH64), Version: 1, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	copy(head.Ident[:], elf.ELFMAG)
	head.Ident[elf.EI_CLASS], head.Ident[elf.EI_DATA], head.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	require.NoError(t, binary.Write(&b, binary.LittleEndian, head))
	load := elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R), Filesz: 120, Memsz: 120, Align: align}
	require.NoError(t, binary.Write(&b, binary.LittleEndian, load))
	noise := make([]byte, extra)
	_, _ = rand.Read(noise)
	b.Write(noise)
	return b.String()
}

// bound is what gomobile puts into an AAR.
func bound(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{
		"AndroidManifest.xml": "<manifest/>", "proguard.txt": "", "R.txt": "", "res/": "",
		"classes.jar": archive(t, map[string]string{
			"META-INF/MANIFEST.MF": "", "go/Seq.class": "", "com/smartpos/terminal/bind/mobile/Mobile.class": "",
		}),
	}
	for _, abi := range []string{"armeabi-v7a", "arm64-v8a", "x86", "x86_64"} {
		files["jni/"+abi+"/libgojni.so"] = library(t, 16384, 100)
	}
	return files
}

func archive(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entry, err := w.Create(name)
		require.NoError(t, err)
		_, err = entry.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func (tr *tree) write(t *testing.T, mode os.FileMode, name, text string) {
	t.Helper()
	path := filepath.Join(tr.root, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
}

// newTree lays the copy out. gomobile will answer with an AAR of these files.
func newTree(t *testing.T, gomobile map[string]string) *tree {
	t.Helper()
	tr := &tree{root: t.TempDir()}
	tr.log = filepath.Join(tr.root, "asked")
	for _, name := range []string{
		"scripts/aar.sh", "scripts/aar-check.sh", "scripts/shipped.sh", "scripts/sqlite.h", "mobile/errors.go", "android-sample/pom.xml",
		"android-sample/aar/AndroidManifest.xml", "android-sample/aar/consumer-rules.pro", "android-sample/aar/pom.xml.in",
	} {
		text, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		tr.write(t, 0o755, name, string(text))
	}
	tr.write(t, 0o755, "scripts/licences.sh", "#!/bin/sh\necho SQLite is in the public domain.\n")
	tr.write(t, 0o755, "scripts/jvm-binding.sh", "#!/bin/sh\n")
	tr.write(t, 0o644, "android-sample/terminal/src/main/kotlin/com/smartpos/terminal/Terminal.kt", "class Terminal\n")
	tr.write(t, 0o644, "ndk/meta/platforms.json", "{}")
	tr.write(t, 0o644, "bound.aar", archive(t, gomobile))
	tr.write(t, 0o644, "bound-sources.jar", archive(t, map[string]string{"go/Seq.java": ""}))
	tr.write(t, 0o644, "kotlin.jar", archive(t, map[string]string{
		"META-INF/MANIFEST.MF": "", "com/smartpos/terminal/Terminal.class": "",
	}))
	tr.write(t, 0o755, "bin/go", `#!/bin/sh
echo "go $*" >> "$ASKED"
case "$1" in
list) exit "${GRAPH:-0}" ;;
install) mkdir -p "$GOBIN" && cp "$ROOT/gomobile" "$GOBIN/gomobile" ;;
esac
`)
	tr.write(t, 0o755, "gomobile", `#!/bin/sh
printf '%s gomobile' "$CGO_CFLAGS" >> "$ASKED"
printf ' [%s]' "$@" >> "$ASKED"
printf '\n' >> "$ASKED"
while [ "$1" != -o ]; do shift; done
cp "$ROOT/bound.aar" "$2"
cp "$ROOT/bound-sources.jar" "${2%.aar}-sources.jar"
`)
	tr.write(t, 0o755, "bin/mvn", `#!/bin/sh
echo "mvn $*" >> "$ASKED"
version=$(sed -n 's/^const version = "\(.*\)"/\1/p' mobile/errors.go)
mkdir -p android-sample/terminal/target
cp "$ROOT/kotlin.jar" "android-sample/terminal/target/terminal-$version.jar"
`)
	tr.write(t, 0o755, "bin/javac", "#!/bin/sh\n")
	tr.env = []string{
		"PATH=" + filepath.Join(tr.root, "bin") + ":" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "ROOT=" + tr.root, "ASKED=" + tr.log,
		"ANDROID_NDK_HOME=" + filepath.Join(tr.root, "ndk"),
	}
	return tr
}

func (tr *tree) run(env ...string) (output string, err error) {
	cmd := exec.Command("bash", filepath.Join(tr.root, "scripts/aar.sh"))
	cmd.Env = append(slices.Clone(tr.env), env...)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

func (tr *tree) built(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(tr.root, "build/aar/com/smartpos/terminal/terminal/*/*.aar"))
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found[0]
}

func TestWithoutAnNDKOneLineSaysSo(t *testing.T) {
	t.Parallel()
	tr := newTree(t, bound(t))
	output, err := tr.run("ANDROID_NDK_HOME=", "ANDROID_HOME=", "ANDROID_SDK_ROOT=")
	require.Error(t, err)
	require.Equal(t, 1, strings.Count(output, "\n"), output)
	require.Contains(t, output, "no Android NDK")
	require.Contains(t, output, "docs/aar.md")
	require.NoFileExists(t, tr.log, "nothing is begun")
	require.FileExists(t, "../docs/aar.md")
}

func TestWithoutTheWholeModuleGraphOneLineSaysSo(t *testing.T) {
	t.Parallel()
	output, err := newTree(t, bound(t)).run("GRAPH=1")
	require.Error(t, err)
	require.Equal(t, 1, strings.Count(output, "\n"), output)
	require.Contains(t, output, "module proxy")
	require.Contains(t, output, "docs/aar.md")
}

func TestTheAARIsBuiltWithTheseFlags(t *testing.T) {
	t.Parallel()
	tr := newTree(t, bound(t))
	output, err := tr.run()
	require.NoError(t, err, output)
	asked, err := os.ReadFile(tr.log)
	require.NoError(t, err)
	before, flags, _ := strings.Cut(string(asked), " gomobile [bind] ")
	before, cflags, _ := strings.Cut(before, "gobind\n")
	require.Contains(t, before, "go install golang.org/x/mobile/cmd/gomobile golang.org/x/mobile/cmd/")
	require.Regexp(t, "^-Os .*-fvisibility=hidden .*-include "+tr.root+"/scripts/sqlite.h -DSQLITE_H_SUM=[0-9]+$", cflags)
	flags, after, _ := strings.Cut(flags, "\n")
	flags, target, _ := strings.Cut(flags, " [-o] ")
	require.Equal(t, "[-target=android] [-androidapi] [26] [-javapkg=com.smartpos.terminal.bind] [-trimpath] "+
		"[-tags=nethttpomithttp2,sqlite_omit_load_extension] "+
		"[-ldflags=-s -w -extldflags=-Wl,-z,max-page-size=16384,--gc-sections,-z,defs]", flags)
	require.True(t, strings.HasSuffix(target, "bound.aar] [./mobile]"), target)
	require.Contains(t, after, "mvn ")

	aar := tr.built(t)
	first, err := os.ReadFile(aar)
	require.NoError(t, err)
	pom, err := os.ReadFile(strings.TrimSuffix(aar, ".aar") + ".pom")
	require.NoError(t, err)
	require.NotContains(t, string(pom), "@")
	require.NotContains(t, string(pom), "<version></version>")

	output, err = tr.run()
	require.NoError(t, err, output)
	second, err := os.ReadFile(tr.built(t))
	require.NoError(t, err)
	require.True(t, bytes.Equal(first, second), "two builds of the same files give the same bytes")
}

// Each check is shown to trip on an AAR that is wrong in one thing.
func TestTheCheckFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		spoil func(t *testing.T, tr *tree, files map[string]string)
		want  string
	}{
		"an ABI is missing": {func(_ *testing.T, _ *tree, files map[string]string) {
			delete(files, "jni/armeabi-v7a/libgojni.so")
		}, "jni/armeabi-v7a/libgojni.so is missing"},
		"pages of 4 KiB": {func(t *testing.T, _ *tree, files map[string]string) {
			files["jni/arm64-v8a/libgojni.so"] = library(t, 4096, 0)
		}, "arm64-v8a/libgojni.so has a LOAD segment aligned to 0x1000"},
		"too large": {func(t *testing.T, _ *tree, files map[string]string) {
			files["jni/x86_64/libgojni.so"] = library(t, 16384, 4<<20)
		}, "jni/x86_64/libgojni.so takes 4"},
		"no library at all": {func(_ *testing.T, _ *tree, files map[string]string) {
			files["jni/x86/libgojni.so"] = "text"
		}, "jni/x86/libgojni.so has no LOAD segment"},
		"no binding": {func(t *testing.T, _ *tree, files map[string]string) {
			files["classes.jar"] = archive(t, map[string]string{"META-INF/MANIFEST.MF": "", "other.class": ""})
		}, "classes.jar has no go/Seq"},
		"a permission is missing": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/AndroidManifest.xml", "android.permission.INTERNET", "android.permission.NFC")
		}, "AndroidManifest.xml lacks android.permission.INTERNET"},
		"a permission in a comment": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/AndroidManifest.xml",
				`<uses-permission android:name="android.permission.ACCESS_NETWORK_STATE" />`,
				"<!--\nandroid.permission.ACCESS_NETWORK_STATE\n-->")
		}, "AndroidManifest.xml lacks android.permission.ACCESS_NETWORK_STATE"},
		"another Android": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/AndroidManifest.xml", `minSdkVersion="26"`, `minSdkVersion="21"`)
		}, `AndroidManifest.xml lacks android:minSdkVersion="26"`},
		"backup": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/AndroidManifest.xml", "</manifest>", `<application android:allowBackup="true"/></manifest>`)
		}, "AndroidManifest.xml says something of backup"},
		"rules": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/consumer-rules.pro", "-keep class go.**", "-keep class golang.**")
		}, "proguard.txt lacks: -keep class go.** { *; }"},
		"rules of the bridge": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/consumer-rules.pro", "-keepclassmembers class", "-keepclasseswithmembers class")
		}, "proguard.txt lacks: -keepclassmembers class com.smartpos.terminal.android.MPACBridge {"},
		"the card app is not seen": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/AndroidManifest.xml", "com.demo.smarttab.creditcard", "com.demo.smarttab.other")
		}, `AndroidManifest.xml lacks <package android:name="com.demo.smarttab.creditcard" />`},
		"licences": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.write(t, 0o755, "scripts/licences.sh", "#!/bin/sh\n")
		}, "the licences are missing"},
		"sources": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "scripts/aar.sh", `pack "$work/sources" "$out/$name-sources.jar"`, "")
		}, "the sources jar is missing"},
		"POM": {func(t *testing.T, tr *tree, _ map[string]string) {
			tr.replace(t, "android-sample/aar/pom.xml.in", "<packaging>aar</packaging>", "")
		}, "the POM is missing"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := bound(t)
			tr := newTree(t, nil)
			tt.spoil(t, tr, files)
			tr.write(t, 0o644, "bound.aar", archive(t, files))
			output, err := tr.run()
			require.Error(t, err, output)
			require.Contains(t, output, tt.want)
		})
	}
}

// replace changes a file of the copy; the text must be there.
func (tr *tree) replace(t *testing.T, name, before, after string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tr.root, name))
	require.NoError(t, err)
	require.Contains(t, string(text), before)
	tr.write(t, 0o755, name, strings.ReplaceAll(string(text), before, after))
}

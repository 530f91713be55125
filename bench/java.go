package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// peersProject is the Maven project of the Java peers, seen from the module's folder.
const peersProject = "bench/peers/pom.xml"

// javaPeers are the Java peers, built. The zero value measures nothing.
type javaPeers struct{ classes, dir string }

// buildJava builds the Java peers outside the source tree.
func buildJava(ctx context.Context, o options) (javaPeers, error) {
	target := filepath.Join(o.dir, "peers")
	build := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", peersProject, "-Dpeers.target="+target, "compile") //nolint:gosec // fixed arguments.
	build.Stdout, build.Stderr = o.log, o.log
	if err := build.Run(); err != nil {
		return javaPeers{}, fmt.Errorf("build the Java peers (scripts/setup.sh java brings a JDK and Maven): %w", err)
	}
	return javaPeers{classes: filepath.Join(target, "classes") + string(os.PathListSeparator) + filepath.Join(target, "libraries", "*"), dir: o.dir}, nil
}

// measure runs the peers of these names in one Java and reads their figures, named "java/…" here, and "java/version".
func (j javaPeers) measure(ctx context.Context, log io.Writer, names ...string) (measured, error) {
	if j.classes == "" {
		return nil, nil // it was said already why there are none
	}
	data, err := os.MkdirTemp(j.dir, "peers-data-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	java := exec.CommandContext(ctx, "java", append([]string{"-cp", j.classes, "peers.Peers", data}, names...)...) //nolint:gosec // fixed arguments.
	java.Env = append(os.Environ(), "TMPDIR="+j.dir)
	java.Stderr = log
	out, err := java.Output()
	if err != nil {
		return nil, fmt.Errorf("run the Java peers %v: %w", names, err)
	}
	return parseJava(out)
}

// parseJava reads lines of a name and nanoseconds; "version" is that of Java.
func parseJava(out []byte) (measured, error) {
	m := measured{}
	for lines := newLines(out); lines.Scan(); {
		var name string
		var ns float64
		if _, err := fmt.Sscanf(lines.Text(), "%s %g", &name, &ns); err != nil {
			return nil, fmt.Errorf("the Java peers printed %q: %w", lines.Text(), err)
		}
		m["java/"+name] = append(m["java/"+name], ns)
	}
	return m, nil
}

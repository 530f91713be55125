package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// peersProject is the Maven project of the Java peers, seen from the module's folder.
const peersProject = "bench/peers/pom.xml"

// javaPeers builds the Java peers outside the source tree, runs them and reads their figures, named "java/…" here.
func javaPeers(ctx context.Context, o options) (measured, error) {
	target, data := filepath.Join(o.dir, "peers"), filepath.Join(o.dir, "peers-data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	build := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", peersProject, "-Dpeers.target="+target, "compile") //nolint:gosec // fixed arguments.
	build.Stdout, build.Stderr = o.log, o.log
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("build the Java peers (scripts/setup.sh java brings a JDK and Maven): %w", err)
	}
	classes := filepath.Join(target, "classes") + string(os.PathListSeparator) + filepath.Join(target, "libraries", "*")
	java := exec.CommandContext(ctx, "java", "-cp", classes, "peers.Peers", data) //nolint:gosec // fixed arguments.
	java.Env = append(os.Environ(), "TMPDIR="+o.dir)
	java.Stderr = o.log
	out, err := java.Output()
	if err != nil {
		return nil, fmt.Errorf("run the Java peers: %w", err)
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

package peers;

import java.nio.file.Path;

/** Measures what a Java program would do instead, and prints Java's version and a line for each figure: a name and nanoseconds. */
public final class Peers {
    private Peers() {}

    /** Runs every peer; the argument is an empty folder on the disk to measure. */
    public static void main(String[] args) throws Exception {
        Path dir = Path.of(args[0]);
        System.out.println("version " + Runtime.version().feature());
        Whitelist.measure(dir);
        Ranges.measure();
        Entries.measure(dir);
        Signatures.measure();
    }
}

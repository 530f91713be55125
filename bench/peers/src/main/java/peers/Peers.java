package peers;

import java.nio.file.Path;

/** Measures what a Java program would do instead, and prints Java's version and a line for each figure: a name and nanoseconds. */
public final class Peers {
    private Peers() {}

    /** The first argument is an empty folder on the disk to measure, the rest name the peers to run. */
    public static void main(String[] args) throws Exception {
        System.out.println("version " + Runtime.version().feature());
        Path dir = Path.of(args[0]);
        for (int i = 1; i < args.length; i++) {
            switch (args[i]) {
                case "whitelist" -> Whitelist.measure(dir);
                case "ranges" -> Ranges.measure();
                case "entries" -> Entries.measure(dir);
                case "signatures" -> Signatures.measure();
                case "echo" -> Echo.measure();
                case "macs" -> Macs.measure();
                case "ciphers" -> Ciphers.measure();
                default -> throw new IllegalArgumentException("there is no peer " + args[i]);
            }
        }
    }
}

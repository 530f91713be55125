package peers;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/** Lookups of listed hashes among a million, warm. */
final class Whitelist {
    private static final int ROWS = 1_000_000;
    private static final int LISTED = 4096;
    private static final int CALLS = 50_000;

    private Whitelist() {}

    static void measure(Path dir) throws Exception {
        byte[][] hashes = new byte[ROWS][32];
        Random random = new Random(13);
        for (byte[] hash : hashes) {
            random.nextBytes(hash);
        }
        byte[][] listed = Arrays.copyOf(hashes, LISTED);
        defaults(dir.resolve("defaults.db"), hashes, listed);
        Arrays.sort(hashes, Arrays::compareUnsigned);
        tuned(dir.resolve("tuned.db"), hashes, listed);
    }

    /** The plain way: hex text as the primary key, a statement for each question, no setting changed. */
    private static void defaults(Path file, byte[][] hashes, byte[][] listed) throws Exception {
        HexFormat hex = HexFormat.of();
        try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + file)) {
            execute(db, "CREATE TABLE w(hash TEXT PRIMARY KEY)");
            fill(db, hashes, (insert, hash) -> insert.setString(1, hex.formatHex(hash)));
            Timing.mean("jdbc-defaults-lookup", CALLS, i -> {
                try (PreparedStatement ask = db.prepareStatement("SELECT count(*) FROM w WHERE hash = ?")) {
                    ask.setString(1, hex.formatHex(listed[i % LISTED]));
                    try (ResultSet found = ask.executeQuery()) {
                        need(found.next() && found.getInt(1) == 1);
                    }
                }
            });
        }
    }

    /** The careful way with one table: bytes as the key, loaded in order, opened immutable and mapped, prepared once. */
    private static void tuned(Path file, byte[][] hashes, byte[][] listed) throws Exception {
        try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + file)) {
            execute(db, "CREATE TABLE w(hash BLOB PRIMARY KEY) WITHOUT ROWID");
            fill(db, hashes, (insert, hash) -> insert.setBytes(1, hash));
        }
        try (Connection db = DriverManager.getConnection("jdbc:sqlite:file:" + file + "?mode=ro&immutable=1")) {
            execute(db, "PRAGMA mmap_size=1073741824");
            try (PreparedStatement ask = db.prepareStatement("SELECT 1 FROM w WHERE hash = ?")) {
                Timing.mean("jdbc-tuned-lookup", CALLS, i -> {
                    ask.setBytes(1, listed[i % LISTED]);
                    try (ResultSet found = ask.executeQuery()) {
                        need(found.next());
                    }
                });
            }
        }
    }

    private interface Binder {
        void bind(PreparedStatement insert, byte[] hash) throws SQLException;
    }

    private static void fill(Connection db, byte[][] hashes, Binder binder) throws SQLException {
        db.setAutoCommit(false);
        try (PreparedStatement insert = db.prepareStatement("INSERT INTO w VALUES(?)")) {
            for (byte[] hash : hashes) {
                binder.bind(insert, hash);
                insert.executeUpdate();
            }
        }
        db.commit();
        db.setAutoCommit(true);
    }

    private static void execute(Connection db, String sql) throws SQLException {
        try (Statement statement = db.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void need(boolean found) {
        if (!found) {
            throw new IllegalStateException("a listed hash was not found");
        }
    }
}

package peers;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.UUID;

/** Entries written durably with no setting changed: autocommit, rollback journal, synchronous=FULL. */
final class Entries {
    private static final int CALLS = 2000;

    private Entries() {}

    static void measure(Path dir) throws Exception {
        byte[] hash = new byte[32];
        try (Connection db = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("entries.db"))) {
            try (Statement statement = db.createStatement()) {
                statement.execute("CREATE TABLE entry(id TEXT PRIMARY KEY, pan_hash BLOB, guests INTEGER, occurred_at INTEGER)");
            }
            Timing.each("jdbc-defaults-insert", CALLS, i -> {
                try (PreparedStatement insert = db.prepareStatement("INSERT INTO entry VALUES(?, ?, ?, ?)")) {
                    insert.setString(1, UUID.randomUUID().toString());
                    insert.setBytes(2, hash);
                    insert.setInt(3, 1);
                    insert.setLong(4, System.currentTimeMillis() / 1000);
                    insert.executeUpdate();
                }
            });
        }
    }
}

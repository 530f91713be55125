package peers;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** BIN ranges in a TreeMap from lower to upper bound, a million that do not overlap. */
final class Ranges {
    private static final int RANGES = 1_000_000;
    private static final int PANS = 4096;
    private static final long LOWEST = 500_000_000_000_000L;
    private static final long SPAN = 9_000_000_000_000_000L;

    private static int matched;

    private Ranges() {}

    static void measure() throws Exception {
        TreeMap<Long, Long> ranges = new TreeMap<>();
        long step = SPAN / RANGES;
        for (int i = 0; i < RANGES; i++) {
            long low = LOWEST + i * step;
            ranges.put(low, low + step / 2);
        }
        Random random = new Random(9);
        String[] pans = new String[PANS];
        for (int i = 0; i < PANS; i++) {
            pans[i] = "%016d".formatted(random.nextLong(10_000_000_000_000_000L));
        }
        Timing.mean("treemap-match", 1_000_000, i -> {
            long pan = Long.parseLong(pans[i % PANS]);
            Map.Entry<Long, Long> range = ranges.floorEntry(pan);
            if (range != null && range.getValue() >= pan) {
                matched++;
            }
        });
        if (matched == 0) {
            throw new IllegalStateException("no PAN was in a range");
        }
    }
}

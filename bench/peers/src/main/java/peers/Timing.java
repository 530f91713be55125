package peers;

import java.util.Arrays;

/** Times calls once the compiler has seen enough of them. */
final class Timing {
    private static final long WARM_UP = 4_000_000_000L;
    private static final int ROUNDS = 5;

    private Timing() {}

    /** One call; i counts from 0 and says which of the prepared questions to ask. */
    interface Call {
        void run(int i) throws Exception;
    }

    /** Prints the median over rounds of the mean time of one call. */
    static void mean(String name, int calls, Call call) throws Exception {
        for (long began = System.nanoTime(); System.nanoTime() - began < WARM_UP; ) {
            round(calls, call);
        }
        double[] rounds = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            rounds[i] = round(calls, call);
        }
        print(name, rounds);
    }

    /** Prints the median of single calls, for those that wait for a disk. */
    static void each(String name, int calls, Call call) throws Exception {
        for (int i = 0; i < calls / 4; i++) {
            call.run(i);
        }
        double[] times = new double[calls];
        for (int i = 0; i < calls; i++) {
            long began = System.nanoTime();
            call.run(calls + i);
            times[i] = System.nanoTime() - began;
        }
        print(name, times);
    }

    private static double round(int calls, Call call) throws Exception {
        long began = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            call.run(i);
        }
        return (double) (System.nanoTime() - began) / calls;
    }

    private static void print(String name, double[] times) {
        Arrays.sort(times);
        System.out.printf(java.util.Locale.ROOT, "%s %.1f%n", name, times[times.length / 2]);
    }
}

package peers;

import java.io.BufferedReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A message to the echo server and back over the JDK's WebSocket. The server is the one that our own row talks to. */
final class Echo {
    private static final int SIZE = 200;
    private static final int CALLS = 2_000;

    private Echo() {}

    static void measure() throws Exception {
        Process server = new ProcessBuilder("go", "run", "./bench", "-echo").redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader addresses = server.inputReader()) {
            String address = addresses.readLine().split(" ")[0];
            Answers answers = new Answers();
            WebSocket socket = HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create("ws://" + address), answers).join();
            String text = "x".repeat(SIZE);
            Timing.mean("jdk-websocket-echo", CALLS, i -> {
                CompletableFuture<WebSocket> sent = socket.sendText(text, true);
                if (answers.next.take() != SIZE) {
                    throw new IllegalStateException("the echo has another length");
                }
                sent.join();
            });
            socket.abort();
        } finally {
            server.getOutputStream().close(); // its end
            server.waitFor();
        }
    }

    /** Hands the length of each whole message to the thread that waits for it. */
    private static final class Answers implements WebSocket.Listener {
        final BlockingQueue<Integer> next = new ArrayBlockingQueue<>(1);
        private int length;

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            length += part.length();
            if (last) {
                next.add(length);
                length = 0;
            }
            socket.request(1);
            return null;
        }
    }
}

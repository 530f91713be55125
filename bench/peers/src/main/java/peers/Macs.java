package peers;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The gateway's signature with the JDK alone: key derived once, one Mac and one MessageDigest used again. */
final class Macs {
    private static final HexFormat HEX = HexFormat.of();
    private static final String SECRET = "sk_test_0123456789abcdef0123456789abcdef";
    private static final long TIMESTAMP = 1_706_515_200L;

    private final MessageDigest digest = MessageDigest.getInstance("SHA-256");
    private final Mac mac = Mac.getInstance("HmacSHA256");

    private Macs() throws Exception {
        byte[] key = HEX.formatHex(digest.digest(SECRET.getBytes(StandardCharsets.UTF_8))).getBytes(StandardCharsets.US_ASCII);
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
    }

    static void measure() throws Exception {
        measure("300B", 300, 20_000);
        measure("64KiB", 64 << 10, 500);
    }

    private static void measure(String name, int size, int calls) throws Exception {
        Macs macs = new Macs();
        byte[] body = new byte[size];
        Arrays.fill(body, (byte) 'a');
        Timing.mean("jdk-mac-sign-" + name, calls, i -> {
            String header = "HMAC-SHA256 pk_test_1:" + TIMESTAMP + ":" + HEX.formatHex(macs.sum(body));
            if (header.length() != 97) {
                throw new IllegalStateException("a header of another length");
            }
        });
        String signature = HEX.formatHex(macs.sum(body));
        Timing.mean("jdk-mac-verify-" + name, calls, i -> {
            if (!MessageDigest.isEqual(HEX.parseHex(signature), macs.sum(body))) {
                throw new IllegalStateException("a good signature was refused");
            }
        });
    }

    private byte[] sum(byte[] body) {
        String canonical = "POST\n/v1/payment_intents\n" + TIMESTAMP + "\n" + HEX.formatHex(digest.digest(body));
        return mac.doFinal(canonical.getBytes(StandardCharsets.UTF_8));
    }
}

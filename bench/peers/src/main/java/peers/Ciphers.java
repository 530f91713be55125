package peers;

import java.security.SecureRandom;
import java.security.spec.AlgorithmParameterSpec;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** msg_data of the event stream with the JDK alone: one Cipher for each direction and the output array used again, a fresh IV each. */
final class Ciphers {
    private static final int TAG_BITS = 128;
    private static final int ROOM = 64;

    private final SecretKeySpec key = new SecretKeySpec(new byte[32], "AES");
    private final SecureRandom random = new SecureRandom();
    private final boolean gcm;
    private final Cipher sealer;
    private final Cipher opener;
    private final byte[] iv;

    private Ciphers(boolean gcm) throws Exception {
        this.gcm = gcm;
        String transformation = gcm ? "AES/GCM/NoPadding" : "AES/CBC/PKCS5Padding";
        sealer = Cipher.getInstance(transformation);
        opener = Cipher.getInstance(transformation);
        iv = new byte[gcm ? 12 : 16];
    }

    static void measure() throws Exception {
        for (boolean gcm : new boolean[] {true, false}) {
            measure(gcm, "235B", 235, 20_000);
            measure(gcm, "64KiB", 64 << 10, 500);
        }
    }

    private static void measure(boolean gcm, String name, int size, int calls) throws Exception {
        Ciphers ciphers = new Ciphers(gcm);
        byte[] clear = new byte[size];
        byte[] sealed = new byte[size + ROOM];
        byte[] opened = new byte[size + ROOM];
        String mode = (gcm ? "gcm-" : "cbc-") + name;
        Timing.mean("jdk-seal-" + mode, calls, i -> ciphers.seal(clear, sealed));
        int length = ciphers.seal(clear, sealed);
        Timing.mean("jdk-open-" + mode, calls, i -> {
            if (ciphers.open(sealed, length, opened) != size) {
                throw new IllegalStateException("a sealed message opened with another length");
            }
        });
    }

    /** Puts IV and ciphertext into out and gives their length. */
    private int seal(byte[] clear, byte[] out) throws Exception {
        random.nextBytes(iv);
        System.arraycopy(iv, 0, out, 0, iv.length);
        sealer.init(Cipher.ENCRYPT_MODE, key, parameters(iv));
        return iv.length + sealer.doFinal(clear, 0, clear.length, out, iv.length);
    }

    /** Puts the clear text into out and gives its length. */
    private int open(byte[] sealed, int length, byte[] out) throws Exception {
        opener.init(Cipher.DECRYPT_MODE, key, parameters(sealed));
        return opener.doFinal(sealed, iv.length, length - iv.length, out, 0);
    }

    private AlgorithmParameterSpec parameters(byte[] startsWithIV) {
        return gcm ? new GCMParameterSpec(TAG_BITS, startsWithIV, 0, iv.length) : new IvParameterSpec(startsWithIV, 0, iv.length);
    }
}

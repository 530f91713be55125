package peers;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.UUID;

/** ES256 tokens with the JDK alone: no library of JWTs, one Signature object used again. */
final class Signatures {
    private static final String ALGORITHM = "SHA256withECDSAinP1363Format";
    private static final String HEADER = "{\"alg\":\"ES256\",\"typ\":\"JWT\"}";
    private static final String ASSERTION_HEADER = "{\"alg\":\"ES256\",\"typ\":\"client-authentication+jwt\"}";
    private static final int CALLS = 500;

    private Signatures() {}

    static void measure() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair key = generator.generateKeyPair();
        Signature signer = Signature.getInstance(ALGORITHM);
        signer.initSign(key.getPrivate());
        Timing.mean("jdk-es256-sign", CALLS, i -> token(signer));
        Timing.mean("jdk-assertion", CALLS, i -> assertion(signer));

        String token = token(signer);
        Signature verifier = Signature.getInstance(ALGORITHM);
        verifier.initVerify(key.getPublic());
        Timing.mean("jdk-es256-verify", CALLS, i -> {
            int dot = token.lastIndexOf('.');
            verifier.update(token.substring(0, dot).getBytes(StandardCharsets.US_ASCII));
            if (!verifier.verify(Base64.getUrlDecoder().decode(token.substring(dot + 1)))) {
                throw new IllegalStateException("a good signature was refused");
            }
        });
    }

    private static String token(Signature signer) throws Exception {
        long now = System.currentTimeMillis() / 1000;
        String claims = "{\"sub\":\"SN123\",\"exp\":" + (now + 60) + ",\"iat\":" + now + "}";
        return sign(signer, HEADER, claims);
    }

    /** A client assertion as a device makes it for each token request. */
    private static String assertion(Signature signer) throws Exception {
        long now = System.currentTimeMillis() / 1000;
        String claims = "{\"aud\":\"https://issuer.example\",\"exp\":" + (now + 60) + ",\"iat\":" + now
                + ",\"iss\":\"pos-1\",\"jti\":\"" + UUID.randomUUID() + "\",\"sub\":\"pos-1\"}";
        return sign(signer, ASSERTION_HEADER, claims);
    }

    private static String sign(Signature signer, String header, String claims) throws Exception {
        String input = base64(header.getBytes(StandardCharsets.UTF_8)) + "." + base64(claims.getBytes(StandardCharsets.UTF_8));
        signer.update(input.getBytes(StandardCharsets.US_ASCII));
        return input + "." + base64(signer.sign());
    }

    private static String base64(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}

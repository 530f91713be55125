package com.smartpos.terminal

/**
 * What the app gives to a [Terminal]: keys that never leave their store, and a log.
 *
 * @property keys where the terminal's keys are kept; `AndroidKeyHost` on a device.
 * @property log where the library's log lines go.
 */
public class TerminalHost @JvmOverloads constructor(public val keys: KeyHost, public val log: LogSink = LogSink { _, _ -> })

/**
 * A key store. Every method is called from threads of the library, also several at once, and should not call the [Terminal]:
 * [Terminal.close] from here fails. What a method made, imported or deleted is durable when it returns. Arrays belong to the library and are good during the call only.
 *
 * A method that throws fails the call it served and nothing else: for a key that was there before, with
 * [FaultCode.KEY_LOST] and what was thrown as the cause. One that does not return within 30 s fails it with
 * [FaultCode.TIMEOUT].
 */
public interface KeyHost {
    /** Makes a key that signs with SHA-256. An alias that exists is replaced. */
    @Throws(Exception::class)
    public fun generateKey(alias: String, type: KeyType)

    /** The DER SubjectPublicKeyInfo of a signing key; null when there is none. Throws when there is one that cannot be used. */
    @Throws(Exception::class)
    public fun publicKey(alias: String): ByteArray?

    /** Hashes [message] with SHA-256 and signs it: PKCS#1 v1.5 with an RSA key, ECDSA in DER with an EC key. */
    @Throws(Exception::class)
    public fun sign(alias: String, message: ByteArray): ByteArray

    /** Makes an HMAC-SHA256 key of 32 random bytes. */
    @Throws(Exception::class)
    public fun generateMac(alias: String)

    /** Stores [secret], 32 to 1024 bytes, as an HMAC-SHA256 key. An alias that exists is replaced. */
    @Throws(Exception::class)
    public fun importMac(alias: String, secret: ByteArray)

    /** Whether there is an HMAC key of this alias. Throws when there is one that cannot be used. */
    @Throws(Exception::class)
    public fun hasMac(alias: String): Boolean

    /** HMAC-SHA256 of [message], 32 bytes. */
    @Throws(Exception::class)
    public fun mac(alias: String, message: ByteArray): ByteArray

    /** Removes the key of this alias, of either kind; an absent one is no error. */
    @Throws(Exception::class)
    public fun delete(alias: String)
}

/** The kind of a signing key. */
public enum class KeyType(internal val wire: String) {
    /** RSA of 2048 bits, exponent 65537. */
    RSA_2048("rsa-2048"),

    /** The curve P-256 (secp256r1). */
    EC_P256("ec-p256")
}

/** Takes log lines, in order. They hold no secret and no card number. What it throws is dropped; a slow one loses lines. */
public fun interface LogSink {
    /** Takes one line, on a thread of the library. */
    public fun log(level: LogLevel, line: String)
}

/** The weight of a log line. */
public enum class LogLevel {
    /** For who looks for a defect. */
    DEBUG,

    /** What happened. */
    INFO,

    /** What somebody should look at. */
    WARNING,

    /** What went wrong. */
    ERROR
}

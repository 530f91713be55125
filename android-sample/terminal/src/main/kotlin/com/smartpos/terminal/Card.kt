package com.smartpos.terminal

import java.util.Arrays

/**
 * A card presented at the gate. It copies the digits of [pan] and prints as `Card`, without them. [close] overwrites the copy;
 * checked after that, the card is [FaultCode.INVALID_CARD]. Safe for concurrent use.
 *
 * @param pan 12–19 digits without separators; the caller may overwrite it at once.
 * @property expiry YYMM, or null.
 * @property service what the guest wants, or null.
 * @property entryMode how the card was read, or null.
 */
public class Card @JvmOverloads constructor(
    pan: CharSequence,
    public val expiry: String? = null,
    public val service: Service? = null,
    public val entryMode: EntryMode? = null
) : AutoCloseable {
    private val digits = CharArray(pan.length) { pan[it] }

    /** Overwrites the digits. */
    override fun close() {
        synchronized(digits) { Arrays.fill(digits, '\u0000') }
    }

    override fun toString(): String = "Card"

    /** Gives the digits to [use] and overwrites what it gave. */
    internal fun <T> reveal(use: (CharArray) -> T): T {
        val copy = synchronized(digits) { digits.copyOf() }
        try {
            return use(copy)
        } finally {
            Arrays.fill(copy, '\u0000')
        }
    }
}

/** What a guest wants to enter. */
public enum class Service {
    /** The fast line. */
    FAST_LINE,

    /** A lounge. */
    LOUNGE
}

/** How a card was read. */
public enum class EntryMode {
    /** Chip inserted. */
    CHIP,

    /** Chip held to the reader. */
    CONTACTLESS,

    /** Magnetic stripe. */
    SWIPE,

    /** Number typed by hand. */
    MANUAL
}

/** Who decides a check. */
public enum class CheckMode(internal val wire: String) {
    /** The server; when it gives no answer, the lists on the device. */
    PREFER_ONLINE("prefer-online"),

    /** The server alone; without an answer the verdict is [Verdict.Unknown]. */
    REQUIRE_ONLINE("require-online"),

    /** The lists on the device alone; needs [TerminalConfig.Builder.allowForceOffline]. */
    FORCE_OFFLINE("force-offline")
}

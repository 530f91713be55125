package com.smartpos.terminal

import java.time.Duration
import java.time.Instant

/** What a check found. A denied card is a verdict, not an exception. */
public sealed interface Verdict {
    /** Who decided. */
    public val mode: Mode

    /** Why; [Reason.NONE] for [Unknown]. */
    public val reason: Reason

    /** What to show to the operator, in English. */
    public val text: String

    /** Why the online try got no answer; null when there was an answer or no try. */
    public val onlineError: FaultCode?

    /** The lists that took part; null when none did. */
    public val lists: ListInfo?

    /**
     * The card may enter. Confirm with [Terminal.confirmEntry] before [expiresAt]; until then nothing was entered.
     *
     * @property accessId what to confirm or void.
     * @property maxGuests how many guests may come along, 0 or more.
     * @property expiresAt until when it can be confirmed.
     */
    public data class Allowed(
        public val accessId: String,
        public val maxGuests: Int,
        public val expiresAt: Instant,
        override val mode: Mode,
        override val reason: Reason,
        override val text: String,
        override val onlineError: FaultCode? = null,
        override val lists: ListInfo? = null
    ) : Verdict

    /**
     * The card may not enter.
     *
     * @property code the server's refusal, also the one behind [Reason.RECENT_REFUSAL]; null when the lists denied.
     * @property rawCode the name of the code, also of an unrecognized one.
     * @property action what the operator does next.
     */
    public data class Denied(
        public val code: FaultCode?,
        public val rawCode: String?,
        public val action: Action,
        override val mode: Mode,
        override val reason: Reason,
        override val text: String,
        override val onlineError: FaultCode? = null,
        override val lists: ListInfo? = null
    ) : Verdict

    /** Nobody decided: [CheckMode.REQUIRE_ONLINE] got no answer, or the library is newer than the app. Do not let the card in. */
    public data class Unknown(
        override val mode: Mode,
        override val reason: Reason,
        override val text: String,
        override val onlineError: FaultCode? = null,
        override val lists: ListInfo? = null
    ) : Verdict
}

/**
 * The lists of offline decisions.
 *
 * @property version as the server names it.
 * @property age since they were received, by trusted time.
 * @property old past [TerminalConfig.Builder.listWarnAge]: sync.
 */
public data class ListInfo(public val version: String, public val age: Duration, public val old: Boolean)

/** Who decided. */
public enum class Mode {
    /** The server. */
    ONLINE,

    /** The lists on the device. */
    OFFLINE,

    /** One that this version does not know. */
    UNRECOGNIZED
}

/** Why a verdict is as it is. */
public enum class Reason {
    /** None is given. */
    NONE,

    /** The server decided. */
    SERVER,

    /** The card is on the whitelist. */
    WHITELIST,

    /** The card is in a BIN range. */
    BIN_RANGE,

    /** The card is on no list. */
    NOT_LISTED,

    /** There are no lists yet, or they are damaged: sync. */
    LIST_MISSING,

    /** The lists are too old to decide: sync. */
    LIST_STALE,

    /** The server refused the card within the last 24 hours. */
    RECENT_REFUSAL,

    /** The limit of offline entries, of the card on this day or of the terminal, is reached. */
    LIMIT,

    /** [CheckMode.FORCE_OFFLINE] is not enabled in the configuration. */
    OFFLINE_DISABLED,

    /** One that this version does not know. */
    UNRECOGNIZED
}

/** What the operator does after a denied check. */
public enum class Action {
    /** Nothing: the card stays outside. */
    NONE,

    /** Present the card once more. */
    PRESENT_CARD_AGAIN,

    /** Wait, then present the card once more. */
    WAIT,

    /** One that this version does not know; do as for [NONE]. */
    UNRECOGNIZED
}

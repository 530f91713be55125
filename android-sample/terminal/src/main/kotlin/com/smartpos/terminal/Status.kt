package com.smartpos.terminal

import java.time.Duration
import java.time.Instant

/**
 * Where a terminal stands.
 *
 * @property pending entries that wait for upload.
 * @property unknown confirmed entries without an answer of the server yet.
 * @property quarantined entries that the server refused or that are damaged.
 * @property whitelist hashed card numbers in force.
 * @property binRanges ranges in force, as received.
 * @property listVersion null without lists.
 * @property listAge since the lists were received, by trusted time; null without lists.
 * @property nextSyncDue when [Terminal.runDue] syncs next; now before the first sync.
 * @property safeToWipe nothing waits, nothing is in quarantine and no call is open: deleting the data folder loses nothing.
 * @property activation how far the device's activation is; null without [TerminalConfig.device].
 * @property unknownCalls calls that went out and got no answer yet, oldest first; [Terminal.resolveCall] asks again.
 * @property unknownCards card payments without a known result.
 * @property unrecordedCards results of card payments that the backend does not have yet; [Terminal.runDue] brings them there.
 */
public data class Status(
    public val state: State,
    public val serialNumber: String,
    public val pending: Int,
    public val unknown: Int,
    public val quarantined: Int,
    public val whitelist: Long,
    public val binRanges: Long,
    public val listVersion: String?,
    public val listAge: Duration?,
    public val nextSyncDue: Instant,
    public val safeToWipe: Boolean,
    public val activation: Activation.State? = null,
    public val unknownCalls: List<UnknownCall> = emptyList(),
    public val unknownCards: Int = 0,
    public val unrecordedCards: Int = 0
) {
    /** How far the pairing is. */
    public enum class State {
        /** Get a code in the admin panel and pair. */
        UNPAIRED,

        /** The server's answer to the pairing was lost: pair again with the same code. */
        PENDING,

        /** Ready. */
        PAIRED,

        /** One that this version does not know. */
        UNRECOGNIZED
    }
}

/**
 * The self-test.
 *
 * @property ready no finding is blocking.
 */
public data class Readiness(public val ready: Boolean, public val findings: List<Finding>) {
    /**
     * One line of the self-test.
     *
     * @property code stable, such as `not_paired`, `list_old`, `clock_off`, `not_activated`, `channel`.
     * @property message what was found, in English.
     * @property fix what to do; null when all is well.
     */
    public data class Finding(
        public val code: String,
        public val severity: Severity,
        public val message: String,
        public val fix: String?
    )

    /** How bad a finding is. */
    public enum class Severity {
        /** All is well. */
        OK,

        /** It works, but somebody should act. */
        WARNING,

        /** Entries cannot be checked, or the device gets no token. */
        BLOCKING,

        /** One that this version does not know; do as for [WARNING]. */
        UNRECOGNIZED
    }
}

package com.smartpos.terminal

import java.io.File
import java.time.Instant

/**
 * A terminal that was paired.
 *
 * @property keyFingerprint `SHA256:` and base64 of the public key's hash, to compare with the admin panel.
 */
public data class Pairing(public val serialNumber: String, public val keyFingerprint: String)

/**
 * An entry that was confirmed.
 *
 * @property known false: the server gave no answer yet. The entry is on disk and is asked about again by
 * [Terminal.uploadReports], [Terminal.runDue] and the next [Terminal.confirmEntry] with the same guests.
 */
public data class Confirmation(
    public val accessId: String,
    public val guests: Int,
    public val mode: Mode,
    public val known: Boolean
)

/**
 * The lists after a sync.
 *
 * @property whitelist how many hashed card numbers are in force.
 * @property binRanges how many ranges were received.
 * @property changed whether they are others than before.
 * @property generatedAt when the server made them, if it says so.
 */
public data class SyncResult(
    public val whitelist: Long,
    public val binRanges: Long,
    public val changed: Boolean,
    public val listVersion: String,
    public val generatedAt: Instant?
)

/**
 * What an upload did.
 *
 * @property uploaded entries that the server took.
 * @property quarantined entries that it refused for good; [Terminal.export] writes them.
 * @property pending entries that still wait.
 */
public data class UploadResult(public val uploaded: Int, public val quarantined: Int, public val pending: Int)

/**
 * What was due.
 *
 * @property sync null when no sync was due.
 * @property upload null when nothing waited.
 * @property nextSyncDue null without [TerminalConfig.Builder.server].
 * @property recordedCards results of card payments that the backend has now, [unrecordedCards] those that still wait for it.
 */
public data class DueResult(
    public val sync: SyncResult?,
    public val upload: UploadResult?,
    public val nextSyncDue: Instant?,
    public val recordedCards: Int = 0,
    public val unrecordedCards: Int = 0
)

/** A written export: [entries] entries in [file], readable by the app alone. */
public data class ExportResult(public val entries: Int, public val file: File)

/**
 * How far a sync or an upload is.
 *
 * @property done rows so far.
 */
public data class Progress(public val kind: Kind, public val done: Long) {
    /** What is under way. */
    public enum class Kind {
        /** The whitelist comes in. */
        WHITELIST,

        /** The BIN ranges come in. */
        BIN_RANGES,

        /** Entries go out. */
        UPLOAD,

        /** One that this version does not know. */
        UNRECOGNIZED
    }
}

package com.smartpos.terminal

import java.time.Instant

/** What an [EventStream] tells. */
public sealed interface StreamNotice {
    /** The first: it listens on [address]. */
    public data class Listening(public val address: String) : StreamNotice

    /** A POS connected. [peer] is its address, [connection] the number of this connection. */
    public data class Connected(public val peer: String, public val connection: Long) : StreamNotice

    /** The POS took the registration: its events come from now on. */
    public data class Enabled(public val peer: String, public val connection: Long) : StreamNotice

    /**
     * An event of a POS.
     *
     * @property id of the event, the same when it comes again.
     * @property type `create_order`, `add_item` and so on.
     * @property data the event itself, a JSON text.
     */
    public data class Event(
        public val peer: String,
        public val connection: Long,
        public val id: String,
        public val type: String,
        public val data: String
    ) : StreamNotice

    /** The POS refused the registration, with [word] of its own. */
    public data class Refused(public val peer: String, public val connection: Long, public val word: String) : StreamNotice

    /** A connection ended: by [code], null when the POS closed it. The POS connects again by itself. */
    public data class Disconnected(public val peer: String, public val connection: Long, public val code: FaultCode?) :
        StreamNotice

    /** One that this version does not know. */
    public data class Unrecognized(public val kind: String) : StreamNotice
}

/**
 * What an [EventStream] does.
 *
 * @property address `HOST:PORT` as it is listened on.
 * @property connections those that are open.
 * @property counters since it was opened.
 */
public data class StreamStatus(
    public val address: String,
    public val connections: List<Connection>,
    public val counters: Counters
) {
    /**
     * A connection of a POS.
     *
     * @property state `awaiting_init`, `registering`, `enabled` or `ended`.
     * @property queued events that wait for the listener.
     */
    public data class Connection(
        public val peer: String,
        public val number: Long,
        public val state: String,
        public val since: Instant,
        public val events: Long,
        public val duplicates: Long,
        public val queued: Int
    )

    /**
     * What happened since the stream was opened.
     *
     * @property notAllowed connections from addresses that may not connect.
     * @property surplus connections beyond the most that may be open.
     * @property slow connections that a slow listener cost.
     */
    public data class Counters(
        public val connections: Long,
        public val enabled: Long,
        public val refused: Long,
        public val notAllowed: Long,
        public val surplus: Long,
        public val events: Long,
        public val duplicates: Long,
        public val slow: Long
    )
}

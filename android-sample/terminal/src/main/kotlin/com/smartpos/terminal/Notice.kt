package com.smartpos.terminal

/** What the real-time channel tells; see [Terminal.notices]. */
public sealed interface Notice {
    /** The channel is connected; events arrive. */
    public object Online : Notice {
        override fun toString(): String = "Online"
    }

    /**
     * The channel is not connected.
     *
     * @property code why.
     * @property rawCode the name of the code, also of an unrecognized one.
     * @property final true: it does not connect again by itself, as for a suspended device or one that is connected a second
     * time. The flow ends.
     */
    public data class Offline(public val code: FaultCode, public val rawCode: String, public val final: Boolean) : Notice

    /**
     * Something happened.
     *
     * @property id the same when the event comes again: handle it once.
     * @property seq rises with every event of this device.
     * @property event its name, such as `payment.updated`.
     * @property payload what it says, as JSON text.
     */
    public data class Event(public val id: String, public val seq: Long, public val event: String, public val payload: String) :
        Notice

    /** Events are missing that will not come any more: read the state anew. */
    public object ResyncRequired : Notice {
        override fun toString(): String = "ResyncRequired"
    }
}

/** Takes notices in Java; see [TerminalFutures.notices]. */
public fun interface NoticeListener {
    /** Takes one. What it throws ends the channel; the event comes again with the next one. */
    @Throws(Exception::class)
    public fun receive(notice: Notice)
}

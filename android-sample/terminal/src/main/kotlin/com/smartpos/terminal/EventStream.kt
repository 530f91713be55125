package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.EventStream as BoundEventStream
import com.smartpos.terminal.bind.mobile.EventStreamListener
import com.smartpos.terminal.bind.mobile.Mobile
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/**
 * Listens for every POS on site (POS Event Stream): each connects, and its orders come in order, none dropped. It needs no
 * [Terminal]. Get one with [open], [close] it at the end, or collect [events], which does both. Safe from any thread.
 */
public class EventStream private constructor(private val bound: BoundEventStream) : AutoCloseable {
    /** `HOST:PORT` as it is listened on, with the port that was found for port 0. */
    public val address: String get() = bound.address()

    /** What the stream does now, also after [close]. Sends nothing and does not block. */
    @Throws(TerminalException::class)
    public fun status(): StreamStatus = loaded { decodeStreamStatus(bound.status()) }

    /**
     * Stops listening, lets a listener that runs end, and closes every connection; nothing is heard after it. A second call does
     * nothing. It blocks: call it off the main thread.
     *
     * @throws TerminalException with [FaultCode.TIMEOUT] when the listener does not return within 5 s, as when it is called from
     * within it.
     */
    @Throws(TerminalException::class)
    override fun close() {
        refuseOnMainThread("EventStream.close")
        loaded { bound.stop() }
    }

    /** Takes notices, on several threads: of one connection one after the other, in order. */
    public fun interface Listener {
        /**
         * An event is acknowledged when this returned within 4 s. After an exception or a longer time its connection is closed,
         * and the POS connects and sends the event again. It may come again after the app was killed: go by [StreamNotice.Event.id].
         */
        @Throws(Exception::class)
        public fun receive(notice: StreamNotice)
    }

    public companion object {
        /**
         * Listens. [secret] is the integrator's, in UTF-8; the caller clears its own array. Whoever may connect is given the secret.
         * It blocks for a moment: call it off the main thread.
         *
         * @throws TerminalException with [FaultCode.INVALID_CONFIG] (the message names the parameter) or
         * [FaultCode.ADDRESS_UNAVAILABLE].
         */
        @JvmStatic
        @Throws(TerminalException::class)
        public fun open(config: EventStreamConfig, secret: ByteArray, listener: Listener): EventStream {
            refuseOnMainThread("EventStream.open")
            val bound = EventStreamListener { text ->
                try {
                    listener.receive(decodeStreamNotice(text))
                } catch (e: Exception) {
                    throw e
                } catch (e: Throwable) { // an Error that crossed over to Go would end the process
                    throw IllegalStateException("the listener failed: $e", e)
                }
            }
            return loaded { EventStream(Mobile.startEventStream(config.json, secret, bound)) }
        }

        /**
         * Listens while it is collected. An event is acknowledged when the collector has handled it; one that it was handling when
         * it failed or was cancelled comes again. The collector has 4 s for each. [secret] is copied for each collection.
         */
        @JvmStatic
        public fun events(config: EventStreamConfig, secret: ByteArray): Flow<StreamNotice> = flow {
            val notices = Rendezvous<StreamNotice>()
            var stream: EventStream? = null
            try {
                withContext(Dispatchers.IO) {
                    val copy = secret.copyOf()
                    try {
                        stream = open(config, copy, notices::give)
                    } finally {
                        copy.fill(0)
                    }
                }
                notices.handTo(this)
            } finally {
                notices.end()
                withContext(NonCancellable + Dispatchers.IO) { stream?.close() }
            }
        }
    }
}

/**
 * The parameters of an [EventStream]. The secret is none of them. Values are checked by [EventStream.open], which names a wrong one.
 *
 * @property listen `HOST:PORT` to listen on; port 0 finds one.
 * @property keyId the integrator's key id.
 * @property allow who may connect, as addresses or networks (`192.168.1.0/24`); empty is this device alone.
 * @property rsa the padding that the POS uses: `oaep-sha256` (default), or the legacy `oaep-sha1` and `pkcs1`.
 * @property aes the mode that both sides are set to: `cbc` (default) or `gcm`.
 * @property certificate and [key]: PEM files of TLS; null listens without.
 */
public class EventStreamConfig @JvmOverloads constructor(
    public val listen: String,
    public val keyId: String,
    public val allow: List<String> = emptyList(),
    public val rsa: String = "oaep-sha256",
    public val aes: String = "cbc",
    public val certificate: File? = null,
    public val key: File? = null
) {
    internal val json: String get() = encodeStreamConfig(this)

    override fun toString(): String = "EventStreamConfig($listen, $keyId)"
}

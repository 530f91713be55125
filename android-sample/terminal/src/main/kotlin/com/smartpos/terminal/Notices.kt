package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Listener
import com.smartpos.terminal.bind.mobile.Terminal as BoundTerminal
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext

/** The channel of a terminal: connected while its flow is collected, by one collector at a time. */
internal class Notices(private val bound: BoundTerminal, private val calls: Calls) {
    // Guarded by this; read without by closing.
    @Volatile
    private var current: Listening? = null

    @Volatile
    private var closing = false
    private val closed = Job()

    fun flow(): Flow<Notice> = flow {
        val listening = Listening(bound)
        try {
            calls.run { connect(listening) }
            listening.notices.handTo(this) { it is Notice.Offline && it.final }
            if (closing) {
                closed.join() // then hanging up says that the terminal is closed
            }
        } catch (e: Throwable) {
            withContext(NonCancellable) { runCatching { hangUp(listening) } }
            throw e
        }
        hangUp(listening)
    }

    /** Closes the terminal with [shut], which waits for the one who listens. */
    fun closing(shut: () -> Unit) {
        closing = true
        current?.notices?.end()
        try {
            shut()
        } finally {
            current?.notices?.end() // one that connected between
            closed.complete()
        }
    }

    private suspend fun hangUp(listening: Listening) {
        listening.notices.end()
        calls.run { disconnect(listening) }
    }

    @Synchronized
    private fun connect(listening: Listening) {
        if (listening.notices.ended) {
            return // cancelled meanwhile
        }
        current?.notices?.end()
        bound.disconnect()
        current = listening
        bound.connect(listening)
    }

    @Synchronized
    private fun disconnect(listening: Listening) {
        if (current === listening) {
            current = null
            bound.disconnect()
        }
    }
}

/** One collection of the flow. A notice counts as handled when the collector is done with it. */
private class Listening(private val bound: BoundTerminal) : Listener {
    val notices = Rendezvous<Notice>()

    override fun receive(noticeJSON: String) {
        val notice = decodeNotice(noticeJSON) ?: return
        try {
            notices.give(notice)
        } catch (e: CancellationException) {
            // Before Go hears of it: it would tell the same event again, and pass over one that fails each time.
            bound.disconnect()
            throw e
        }
    }
}

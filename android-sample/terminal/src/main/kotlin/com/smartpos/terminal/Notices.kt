package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Listener
import com.smartpos.terminal.bind.mobile.Terminal as BoundTerminal
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.runBlocking
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
            listening.handOver(this)
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
        current?.end()
        try {
            shut()
        } finally {
            current?.end() // one that connected between
            closed.complete()
        }
    }

    private suspend fun hangUp(listening: Listening) {
        listening.end()
        calls.run { disconnect(listening) }
    }

    @Synchronized
    private fun connect(listening: Listening) {
        if (listening.ended) {
            return // cancelled meanwhile
        }
        current?.end()
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
    private class Told(val notice: Notice, val handled: CompletableDeferred<Unit>)

    private val life = Job()
    private val told = Channel<Told>()

    val ended: Boolean get() = life.isCancelled

    override fun receive(noticeJSON: String) {
        val notice = decodeNotice(noticeJSON) ?: return
        try {
            // One loop for both: a collector without a dispatcher runs in here.
            runBlocking {
                val item = Told(notice, CompletableDeferred(life))
                told.send(item)
                item.handled.await()
            }
        } catch (e: CancellationException) {
            // Before Go hears of it: it would tell the same event again, and pass over one that fails each time.
            bound.disconnect()
            throw e
        }
    }

    /** Gives notices to [collector], until [end] or one that is final. */
    suspend fun handOver(collector: FlowCollector<Notice>) {
        while (true) {
            val item = told.receiveCatching().getOrNull() ?: return
            try {
                collector.emit(item.notice)
            } catch (e: CancellationException) {
                if (currentCoroutineContext().isActive) { // a first() or take() that has enough
                    item.handled.complete(Unit)
                }
                throw e
            }
            item.handled.complete(Unit)
            if (item.notice is Notice.Offline && item.notice.final) {
                return
            }
        }
    }

    fun end() {
        life.cancel()
        told.cancel()
    }
}

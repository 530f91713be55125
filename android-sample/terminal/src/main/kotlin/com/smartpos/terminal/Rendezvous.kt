package com.smartpos.terminal

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.isActive
import kotlinx.coroutines.runBlocking

/** Where Go's threads hand values to the collector of a flow, and each waits until its value was handled. */
internal class Rendezvous<T> {
    private class Given<T>(val value: T, val handled: CompletableDeferred<Unit>)

    private val life = Job()
    private val given = Channel<Given<T>>()

    val ended: Boolean get() = life.isCancelled

    /** Returns when the collector is done with [value]; throws [CancellationException] when it failed, or after [end]. */
    fun give(value: T) {
        // One loop for both: a collector without a dispatcher runs in here.
        runBlocking {
            val item = Given(value, CompletableDeferred(life))
            given.send(item)
            item.handled.await()
        }
    }

    /** Hands values to [collector], until [end] or behind one that is the [last]. */
    suspend fun handTo(collector: FlowCollector<T>, last: (T) -> Boolean = { false }) {
        while (true) {
            val item = given.receiveCatching().getOrNull() ?: return
            try {
                collector.emit(item.value)
            } catch (e: CancellationException) {
                if (currentCoroutineContext().isActive) { // a first() or take() that has enough
                    item.handled.complete(Unit)
                }
                throw e
            }
            item.handled.complete(Unit)
            if (last(item.value)) {
                return
            }
        }
    }

    /** Lets nobody wait any more. */
    fun end() {
        life.cancel()
        given.cancel()
    }
}

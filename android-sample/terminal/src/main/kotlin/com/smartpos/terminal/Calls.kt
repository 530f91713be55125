package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Mobile
import com.smartpos.terminal.bind.mobile.Op
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine

private const val THREADS = 8

/** The threads that block for suspended callers. More calls than threads wait in line. */
internal class Calls {
    // Its own eight of a pool that wakes the thread which slept last. One that wakes them in turn took four times as long for a
    // short call.
    private val threads = Dispatchers.IO.limitedParallelism(THREADS, "terminal")

    suspend fun <T> run(work: (Op) -> T): T = suspendCancellableCoroutine { caller ->
        val op = Mobile.newOp()
        caller.invokeOnCancellation { op.cancel() }
        threads.dispatch(EmptyCoroutineContext) {
            val result = runCatching { work(op) }
            result.fold(
                onSuccess = { caller.resumeWith(result) },
                onFailure = { caller.resumeWithException(if (it is Exception) terminalException(it) else it) }
            )
        }
    }
}

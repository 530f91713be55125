package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Mobile
import com.smartpos.terminal.bind.mobile.Op
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.ThreadFactory
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.suspendCancellableCoroutine

private const val THREADS = 8
private const val IDLE_SECONDS = 10L

/** The threads that block for suspended callers. More calls than threads wait in line. */
internal class Calls {
    private val count = AtomicInteger()
    private val factory = ThreadFactory { work ->
        Thread(work, "terminal-${count.incrementAndGet()}").apply { isDaemon = true }
    }

    // After the end the bound terminal refuses every call at once, so that the caller's own thread may ask it.
    private val threads =
        ThreadPoolExecutor(THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, LinkedBlockingQueue(), factory) { work, _ ->
            work.run()
        }
            .apply { allowCoreThreadTimeOut(true) }

    suspend fun <T> run(work: (Op) -> T): T = suspendCancellableCoroutine { caller ->
        val op = Mobile.newOp()
        caller.invokeOnCancellation { op.cancel() }
        threads.execute {
            val result = runCatching { work(op) }
            result.fold(
                onSuccess = { caller.resumeWith(result) },
                onFailure = { caller.resumeWithException(if (it is Exception) terminalException(it) else it) }
            )
        }
    }

    fun end() = threads.shutdown()
}

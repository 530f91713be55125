package com.smartpos.terminal.sample

import com.smartpos.terminal.Progress
import com.smartpos.terminal.Status
import com.smartpos.terminal.SyncResult
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.UploadResult
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/** What the queue shows; [synced] and [uploaded] are of the last press of a button. */
data class QueueState(
    val status: Status? = null,
    val working: Boolean = false,
    val progress: Progress? = null,
    val synced: SyncResult? = null,
    val uploaded: UploadResult? = null,
    val lastError: LastError? = null
)

/** What waits for upload, the lists, and the last error. It belongs to the process, as [Gate] does. */
class Queue(private val app: SampleApplication) {
    private val mutable = MutableStateFlow(QueueState(lastError = app.settings.lastError))

    val state: StateFlow<QueueState> get() = mutable

    /** Asks where the terminal stands; sends nothing. */
    fun refresh() {
        app.scope.launch { attempt { terminal -> mutable.update { it.copy(status = terminal.status()) } } }
    }

    /** Fetches both lists. */
    fun sync() = work { terminal ->
        val result = terminal.sync()
        mutable.update { it.copy(synced = result) }
    }

    /** Reports offline entries and asks again about unanswered ones. */
    fun upload() = work { terminal ->
        val result = terminal.uploadReports()
        mutable.update { it.copy(uploaded = result) }
    }

    /** Notes an error of any screen or of the daily job. */
    fun failed(e: Throwable) {
        val error = LastError(e.message(), System.currentTimeMillis())
        app.settings.lastError = error
        mutable.update { it.copy(lastError = error) }
    }

    private fun work(call: suspend (Terminal) -> Unit) {
        if (mutable.value.working) return
        mutable.update { it.copy(working = true, progress = null, synced = null, uploaded = null) }
        app.scope.launch {
            attempt { terminal ->
                // Undispatched: it listens before the call begins.
                val progress = app.scope.launch(start = CoroutineStart.UNDISPATCHED) {
                    terminal.progress.collect { now -> mutable.update { it.copy(progress = now) } }
                }
                try {
                    call(terminal)
                } finally {
                    progress.cancel()
                }
            }
            mutable.update { it.copy(working = false) }
            refresh()
        }
    }

    private suspend fun attempt(call: suspend (Terminal) -> Unit) {
        try {
            call(app.terminal())
        } catch (e: CancellationException) {
            throw e
        } catch (e: Exception) {
            failed(e)
        }
    }
}

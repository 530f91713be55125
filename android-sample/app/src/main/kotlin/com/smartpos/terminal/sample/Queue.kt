package com.smartpos.terminal.sample

import android.os.Bundle
import android.view.View
import com.smartpos.terminal.DueResult
import com.smartpos.terminal.Status
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.android.DailyJob
import kotlinx.coroutines.runBlocking

/** What the queue shows; [progress] is that of the running sync or upload. */
data class QueueState(val status: Status? = null, val progress: Message? = null, val lastError: Message? = null)

/** What waits for upload, the lists, and the last error. */
class Queue(app: SampleApplication) : Model<QueueState>(app, QueueState(lastError = app.settings.lastError)) {
    /** Asks where the terminal stands; sends nothing. */
    override fun refresh() {
        launch {
            val status = app.terminal().status()
            change { it.copy(status = status) }
        }
    }

    /** Listens how far a sync or an upload is. */
    fun start() = keep {
        app.terminal().progress.collect { now ->
            change { it.copy(progress = Message("progress_" + now.kind.name.lowercase(), listOf(now.done))) }
        }
    }

    /** Fetches both lists. */
    fun sync() = work { app.terminal().sync().run { Message("synced", listOf(whitelist, binRanges)) } }

    /** Reports offline entries and asks again about unanswered ones. */
    fun upload() = work { app.terminal().uploadReports().run { Message("uploaded", listOf(uploaded, pending, quarantined)) } }

    /** Notes an error of any screen or of the daily job. */
    fun note(e: Throwable) {
        app.settings.note(e.message())
        change { it.copy(lastError = app.settings.lastError) }
    }
}

/** What waits, how old the lists are, sync and upload, the last error. */
class QueueActivity : Screen<QueueState>(R.layout.queue) {
    override val model get() = app.queue

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        click(R.id.sync) { model.sync() }
        click(R.id.upload) { model.upload() }
    }

    override fun render(now: QueueState, working: Boolean) {
        text(R.id.pending, now.status?.run { getString(R.string.pending, pending, unknown, quarantined) })
        val lists = now.status?.run { listAge?.let { getString(R.string.lists, whitelist, binRanges, words(it)) } }
        text(R.id.lists, lists ?: now.status?.let { getString(R.string.lists_missing) })
        view<View>(R.id.working).visibility = if (working) View.VISIBLE else View.INVISIBLE
        text(R.id.progress, now.progress?.takeIf { working }?.let(::words))
        text(R.id.last_error, now.lastError?.let(::words))
    }
}

/** Syncs and uploads in the background, with the terminal that the screens use. */
class EntryJob : DailyJob() {
    private val app get() = application as SampleApplication

    override fun terminal(): Terminal = runBlocking { app.terminal() }

    override fun done(result: DueResult) = app.queue.refresh()

    override fun failed(fault: TerminalException) = app.queue.note(fault)
}

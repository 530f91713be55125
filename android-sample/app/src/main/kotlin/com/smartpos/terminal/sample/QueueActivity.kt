package com.smartpos.terminal.sample

import android.os.Bundle
import android.text.format.DateUtils
import android.view.View
import android.widget.Button
import android.widget.TextView
import com.smartpos.terminal.Progress
import kotlinx.coroutines.Job

/** The queue: what waits, how old the lists are, sync and upload, the last error. */
class QueueActivity : Screen(R.layout.queue) {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        click(R.id.sync) { app.queue.sync() }
        click(R.id.upload) { app.queue.upload() }
    }

    override fun watchers(): List<Job> {
        app.queue.refresh()
        return listOf(watch(app.queue.state, ::render))
    }

    private fun render(state: QueueState) {
        val status = state.status
        text(R.id.pending, status?.let { getString(R.string.pending, it.pending, it.unknown, it.quarantined) })
        val age = status?.listAge
        text(
            R.id.lists,
            when {
                status == null -> null
                age == null -> getString(R.string.lists_missing)
                else -> getString(R.string.lists, status.whitelist, status.binRanges, words(age))
            }
        )
        view<Button>(R.id.sync).isEnabled = !state.working
        view<Button>(R.id.upload).isEnabled = !state.working
        view<View>(R.id.working).visibility = if (state.working) View.VISIBLE else View.INVISIBLE
        text(R.id.progress, outcome(state) ?: state.progress?.let(::progress))
        text(
            R.id.last_error,
            state.lastError?.let {
                val at = DateUtils.formatDateTime(this, it.at, DateUtils.FORMAT_SHOW_DATE or DateUtils.FORMAT_SHOW_TIME)
                getString(R.string.last_error, at, words(it.message))
            }
        )
    }

    private fun outcome(state: QueueState): String? = state.synced?.let { getString(R.string.synced, it.whitelist, it.binRanges) }
        ?: state.uploaded?.let { getString(R.string.uploaded, it.uploaded, it.pending, it.quarantined) }

    private fun progress(now: Progress): String = when (now.kind) {
        Progress.Kind.WHITELIST -> getString(R.string.progress_whitelist, now.done)
        Progress.Kind.BIN_RANGES -> getString(R.string.progress_bin_ranges, now.done)
        Progress.Kind.UPLOAD -> getString(R.string.progress_upload, now.done)
        Progress.Kind.UNRECOGNIZED -> getString(R.string.working)
    }

    private fun text(id: Int, value: String?) {
        view<TextView>(id).text = value.orEmpty()
    }
}

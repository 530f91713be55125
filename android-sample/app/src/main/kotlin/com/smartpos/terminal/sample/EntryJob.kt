package com.smartpos.terminal.sample

import android.content.Context
import com.smartpos.terminal.DueResult
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.android.DailyJob
import kotlinx.coroutines.runBlocking

/** Syncs and uploads in the background, with the terminal that the screens use. */
class EntryJob : DailyJob() {
    private val app get() = application as SampleApplication

    override fun terminal(): Terminal = runBlocking { app.terminal() }

    override fun done(result: DueResult) = app.queue.refresh()

    override fun failed(fault: TerminalException) = app.queue.failed(fault)

    companion object {
        private const val ID = 1

        /** At every start of an app that is set up. */
        fun schedule(context: Context) = schedule(context, ID, EntryJob::class.java)
    }
}

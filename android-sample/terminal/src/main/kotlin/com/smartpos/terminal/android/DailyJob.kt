package com.smartpos.terminal.android

import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.app.job.JobService
import android.content.ComponentName
import android.content.Context
import android.util.Log
import com.smartpos.terminal.DueResult
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalException
import java.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch

/**
 * Calls [Terminal.runDue] while there is a network: sync once in 24 hours, upload when something waits. It comes every hour, so
 * that a sync is never much later than due, and does nothing when nothing is; after a failure that a retry can mend it comes again
 * with a growing pause. Survives a reboot.
 *
 * Extend it, say where the terminal is, and declare it in the manifest:
 * ```xml
 * <uses-permission android:name="android.permission.RECEIVE_BOOT_COMPLETED" />
 * <service android:name=".SyncJob" android:permission="android.permission.BIND_JOB_SERVICE" />
 * ```
 * Call [schedule] at every start of the app.
 */
public abstract class DailyJob : JobService() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.IO)
    private var running: Job? = null

    /**
     * The terminal of this app: the open one, since a data folder is for one [Terminal] at a time, or one opened for the job. Called on
     * a background thread, where it may block.
     */
    @Throws(TerminalException::class)
    protected abstract fun terminal(): Terminal

    /** The job needs the terminal no more; close it here if it was opened for the job. Called on a background thread. */
    protected open fun release(terminal: Terminal) {}

    /** What was done. Called on a background thread. */
    protected open fun done(result: DueResult) {}

    /** Why it could not be done, after which the job comes again by itself. Called on a background thread. */
    protected open fun failed(fault: TerminalException) {}

    final override fun onStartJob(params: JobParameters): Boolean {
        running = scope.launch { jobFinished(params, runOnce()) }
        return true
    }

    /** True when a retry soon can help. */
    private suspend fun runOnce(): Boolean = try {
        try {
            runDue()
            false
        } catch (e: TerminalException) {
            failed(e)
            e.retryable
        }
    } catch (e: CancellationException) {
        throw e
    } catch (e: Exception) {
        Log.e("DailyJob", "the app's part of the job failed", e)
        false
    }

    private suspend fun runDue() {
        val terminal = terminal()
        try {
            done(terminal.runDue())
        } finally {
            release(terminal)
        }
    }

    final override fun onStopJob(params: JobParameters): Boolean {
        running?.cancel()
        return true
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    public companion object {
        private val period = Duration.ofHours(1)
        private val firstPause = Duration.ofMinutes(1)

        /**
         * Schedules [service] under [jobId], a number that no other job of the app has. One that is scheduled already stays as it is.
         */
        @JvmStatic
        public fun schedule(context: Context, jobId: Int, service: Class<out DailyJob>) {
            val scheduler = context.getSystemService(JobScheduler::class.java)
            val component = ComponentName(context, service)
            if (scheduler.getPendingJob(jobId)?.service == component) {
                return // scheduled again it would begin its hour anew
            }
            scheduler.schedule(
                JobInfo.Builder(jobId, component)
                    .setPeriodic(period.toMillis())
                    .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
                    .setBackoffCriteria(firstPause.toMillis(), JobInfo.BACKOFF_POLICY_EXPONENTIAL)
                    .setPersisted(true)
                    .build()
            )
        }

        /** Takes the job back. */
        @JvmStatic
        public fun cancel(context: Context, jobId: Int) {
            context.getSystemService(JobScheduler::class.java).cancel(jobId)
        }
    }
}

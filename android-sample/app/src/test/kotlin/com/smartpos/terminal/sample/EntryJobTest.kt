package com.smartpos.terminal.sample

import android.app.job.JobParameters
import com.smartpos.terminal.Pan
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Robolectric
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadow.api.Shadow

/** The daily job, as Android starts it. */
class EntryJobTest : SampleTest() {
    private fun run(): Boolean {
        val controller = Robolectric.buildService(EntryJob::class.java).create()
        val job = controller.get()
        assertTrue("it works on", job.onStartJob(Shadow.newInstanceOf(JobParameters::class.java)))
        until("the job is over") { shadowOf(job).isJobFinished }
        return shadowOf(job).isRescheduleNeeded.also { controller.destroy() }
    }

    @Test
    fun `it syncs and uploads what is due, in a process of its own`() {
        paired()
        emulator.admin("PUT", "/admin/api/whitelist", """{"pans":["${Pan.LISTED}"]}""")
        restartProcess()
        assertFalse("no retry", run())
        until("synced") { app.queue.shown.value.value.status?.whitelist == 1L }

        emulator.fault("refuse")
        val gate = open(GateActivity::class.java).get()
        check(gate, Pan.LISTED)
        untilGateSays(gate, "Allowed (offline)")
        gate.press(R.id.confirm)
        untilGateSays(gate, "Entered")
        assertTrue("comes again soon", run())
        until("the error is kept") { app.queue.shown.value.value.lastError?.let(app::words).orEmpty().contains("No connection") }

        emulator.noFaults()
        assertFalse(run())
        assertEquals(1, emulator.entries(sn).size)
    }

    @Test
    fun `an app that is not set up has nothing due`() {
        assertFalse(run())
    }
}

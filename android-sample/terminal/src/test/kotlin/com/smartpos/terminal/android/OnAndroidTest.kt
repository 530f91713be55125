package com.smartpos.terminal.android

import android.app.Application
import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.os.Looper
import app.cash.turbine.test
import com.smartpos.terminal.Activation
import com.smartpos.terminal.Card
import com.smartpos.terminal.DueResult
import com.smartpos.terminal.Emulator
import com.smartpos.terminal.EventStream
import com.smartpos.terminal.EventStreamConfig
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.Notice
import com.smartpos.terminal.Pan
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalConfig
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.Verdict
import com.smartpos.terminal.faultOf
import java.io.File
import java.time.Duration
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.put
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowLog
import org.robolectric.shadows.ShadowNetworkCapabilities

/** What the library does with Android, on Robolectric's: the terminal beneath is Go's. */
@RunWith(TerminalRunner::class)
class OnAndroidTest {
    private val app: Application = RuntimeEnvironment.getApplication()
    private val environment = AndroidEnvironment(app)

    @Before
    fun install() = FakeAndroidKeyStore.install()

    private fun config(sn: String): TerminalConfig = TerminalConfig.Builder(sn, environment.dataFolder)
        .server(emulator.url, emulator.caPem).whitelistKey("app-whitelist").build()

    private fun open(sn: String): Terminal {
        environment.host().keys.importMac("app-whitelist", emulator.whitelistSecret.toByteArray())
        return runBlocking { withContext(Dispatchers.IO) { Terminal.open(config(sn), environment.host()) } }
    }

    private fun Terminal.closeElsewhere() = runBlocking { withContext(Dispatchers.IO) { close() } }

    @Test
    fun `paired with keys of the key store a card is checked from the main thread`() {
        val code = emulator.register("SN-ANDROID")
        val terminal = open("SN-ANDROID")
        assertSame(Looper.getMainLooper().thread, Thread.currentThread())
        runBlocking {
            terminal.pair(code)
            assertTrue(terminal.checkEntry(Card(Pan.fresh())) is Verdict.Allowed)
        }
        assertTrue(File(app.noBackupFilesDir, "terminal/journal.db").exists())
        FakeAndroidKeyStore.lose("smartpos.macs-pairing")
        assertEquals(FaultCode.KEY_LOST, faultOf { terminal.checkEntry(Card(Pan.fresh())) }.code)
        terminal.closeElsewhere()

        val log = ShadowLog.getLogsForTag("SmartPosTerminal").joinToString("\n") { it.msg }
        assertFalse(log, log.contains(code) || log.contains(emulator.whitelistSecret))
    }

    @Test
    fun `blocking calls are refused on the main thread`() {
        emulator.register("SN-MAIN")
        val refused = assertThrows(IllegalStateException::class.java) { Terminal.open(config("SN-MAIN"), environment.host()) }
        assertTrue(refused.message, refused.message!!.contains("Terminal.open blocks"))
        val stream = assertThrows(IllegalStateException::class.java) {
            EventStream.open(EventStreamConfig("127.0.0.1:0", "KEY"), ByteArray(32)) {}
        }
        assertTrue(stream.message, stream.message!!.startsWith("EventStream.open blocks"))
        val terminal = open("SN-MAIN")
        assertThrows(IllegalStateException::class.java) { terminal.close() }
        terminal.closeElsewhere()
    }

    @Test
    fun `online tells the network's state and its changes`() = runBlocking {
        val connectivity = app.getSystemService(ConnectivityManager::class.java)
        val internet = ShadowNetworkCapabilities.newInstance()
        shadowOf(internet).addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        shadowOf(connectivity).setNetworkCapabilities(connectivity.activeNetwork, internet)
        environment.online.test {
            assertTrue(awaitItem())
            val callback = shadowOf(connectivity).networkCallbacks.single()
            callback.onLost(connectivity.activeNetwork!!)
            assertFalse(awaitItem())
            callback.onCapabilitiesChanged(connectivity.activeNetwork!!, internet)
            assertTrue(awaitItem())
            cancel()
        }
        assertTrue("nothing listens any more", shadowOf(connectivity).networkCallbacks.isEmpty())
    }

    @Test
    fun `a device with a key of the key store is told of networks`() {
        val config = TerminalConfig.Builder("SN-ANDROID-DEVICE", environment.dataFolder).device(emulator.device().build())
        runBlocking {
            val terminal = withContext(Dispatchers.IO) { Terminal.open(config.build(), environment.host()) }
            emulator.activate(terminal.requestActivation().code!!)
            assertEquals(Activation.State.ACTIVE, terminal.awaitActivation(Duration.ofSeconds(30)).state)
            val connectivity = app.getSystemService(ConnectivityManager::class.java)
            val watching = launch(Dispatchers.IO) { environment.watchNetworks(terminal) }
            terminal.notices().test(timeout = 20.seconds) {
                assertEquals(Notice.Online, awaitItem())
                emulator.fault("refuse") { put("system", "mpac") }
                emulator.admin("DELETE", "/admin/api/mpac/sockets/SN-ANDROID-DEVICE?code=1012")
                assertTrue(awaitItem() is Notice.Offline)
                emulator.noFaults()
                shadowOf(connectivity).networkCallbacks.single().onAvailable(connectivity.activeNetwork!!)
                var told = awaitItem()
                while (told != Notice.Online) told = awaitItem()
                cancelAndIgnoreRemainingEvents()
            }
            terminal.closeElsewhere()
            shadowOf(connectivity).networkCallbacks.single().onAvailable(connectivity.activeNetwork!!)
            withTimeout(20.seconds) { watching.join() }
            assertTrue("nothing listens any more", shadowOf(connectivity).networkCallbacks.isEmpty())
        }
    }

    @Test
    fun `the job does what is due and comes again when a retry can help`() {
        val code = emulator.register("SN-JOB")
        TestJob.terminal = open("SN-JOB")
        try {
            assertEquals(FaultCode.NOT_PAIRED, (runJob(reschedule = false) as TerminalException).code)
            runBlocking { TestJob.terminal!!.pair(code) }
            assertTrue((runJob(reschedule = false) as DueResult).sync != null)
            assertTrue((runJob(reschedule = false) as DueResult).sync == null)
        } finally {
            TestJob.terminal!!.closeElsewhere()
        }
    }

    @Test
    fun `a job that finds no server asks to come again`() {
        val code = emulator.register("SN-JOB-OFFLINE")
        TestJob.terminal = open("SN-JOB-OFFLINE")
        try {
            runBlocking { TestJob.terminal!!.pair(code) }
            emulator.fault("refuse")
            assertEquals(FaultCode.NETWORK_UNAVAILABLE, (runJob(reschedule = true) as TerminalException).code)
        } finally {
            emulator.noFaults()
            TestJob.terminal!!.closeElsewhere()
        }
    }

    @Test
    fun `a job ends, and so does not the app, when the app throws at a failure`() {
        emulator.register("SN-JOB-THROWS")
        TestJob.terminal = open("SN-JOB-THROWS")
        TestJob.thrown = IllegalStateException("of the app")
        try {
            assertEquals(FaultCode.NOT_PAIRED, (runJob(reschedule = false) as TerminalException).code)
            assertSame(TestJob.thrown, ShadowLog.getLogsForTag("DailyJob").single().throwable)
        } finally {
            TestJob.thrown = null
            TestJob.terminal!!.closeElsewhere()
        }
    }

    private fun runJob(reschedule: Boolean): Any {
        TestJob.told.clear()
        val job = Robolectric.buildService(TestJob::class.java).create()
        assertTrue("the job works in the background", job.get().onStartJob(Shadow.newInstanceOf(JobParameters::class.java)))
        val told = TestJob.told.poll(30, TimeUnit.SECONDS)
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10)
        while (!shadowOf(job.get()).isJobFinished && System.nanoTime() < end) {
            shadowOf(Looper.getMainLooper()).idle()
            Thread.onSpinWait()
        }
        assertTrue("the job ends", shadowOf(job.get()).isJobFinished)
        assertEquals(reschedule, shadowOf(job.get()).isRescheduleNeeded)
        job.destroy()
        return told!!
    }

    @Test
    fun `the job is scheduled once, for a network and over a reboot`() {
        val scheduler = app.getSystemService(JobScheduler::class.java)
        shadowOf(app).grantPermissions(android.Manifest.permission.RECEIVE_BOOT_COMPLETED)
        DailyJob.schedule(app, 7, TestJob::class.java)
        val first = scheduler.getPendingJob(7)!!
        assertTrue(first.isPersisted && first.isPeriodic)
        assertTrue("it waits for a network", first.requiredNetwork != null)
        assertEquals(JobInfo.BACKOFF_POLICY_EXPONENTIAL, first.backoffPolicy)
        DailyJob.schedule(app, 7, TestJob::class.java)
        assertSame(first, scheduler.getPendingJob(7))
        DailyJob.cancel(app, 7)
        assertTrue(scheduler.allPendingJobs.isEmpty())
    }

    /** A job that works with the terminal of a test. */
    class TestJob : DailyJob() {
        override fun terminal(): Terminal = terminal!!

        override fun done(result: DueResult) {
            told.add(result)
        }

        override fun failed(fault: TerminalException) {
            told.add(fault)
            thrown?.let { throw it }
        }

        companion object {
            var terminal: Terminal? = null
            var thrown: Exception? = null
            val told = LinkedBlockingQueue<Any>()
        }
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterClass
        fun stop() = emulator.close()
    }
}

package com.smartpos.terminal

import java.io.File
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The real-time channel as a flow. */
class NoticesTest {
    /** A terminal that is collected into [told]; [react] is what the app does with a notice. */
    private inner class App(val site: Site, scope: CoroutineScope, terminal: Terminal, react: suspend (Notice) -> Unit = {}) {
        val told = Channel<Notice>(Channel.UNLIMITED)
        val job: Job = scope.launch(Dispatchers.Default) {
            terminal.notices().collect {
                told.trySend(it)
                react(it)
            }
        }

        /** The next event; tidings of on and off are passed over. */
        suspend fun event(): Notice.Event = next { it is Notice.Event } as Notice.Event

        suspend fun online() = next { it is Notice.Online }

        suspend fun next(wanted: (Notice) -> Boolean): Notice = withTimeout(20.seconds) {
            var notice = told.receive()
            while (!wanted(notice)) {
                assertTrue(notice !is Notice.Event, "$notice came first")
                notice = told.receive()
            }
            notice
        }

        /** Drops what was told so far and counts it. */
        fun drop(): Int = generateSequence { told.tryReceive().getOrNull() }.count()

        fun push(vararg n: Int) = n.forEach { site.emulator.event(site.sn, it) }
    }

    private fun test(sn: String, test: suspend CoroutineScope.(Site, Terminal) -> Unit) = Site(emulator, sn).use { site ->
        runBlocking { test(site, site.activated()) }
    }

    @Test
    fun `events arrive once, over cuts, collections and restarts`() = test("SN-EVENTS") { site, terminal ->
        val first = App(site, this, terminal)
        first.online()
        first.push(1, 2)
        val event = first.event()
        assertEquals(listOf(1L, "order.updated", """{"n":1}"""), listOf(event.seq, event.event, event.payload))
        assertEquals(2, first.event().seq)
        emulator.admin("DELETE", "/admin/api/mpac/sockets/${site.sn}?code=1012")
        val offline = first.next { it is Notice.Offline } as Notice.Offline
        // What was being sent when the server hung up may fail before its reason is read.
        assertTrue(offline.code in setOf(FaultCode.SERVER_ERROR, FaultCode.NETWORK_UNAVAILABLE) && !offline.final, "$offline")
        terminal.networkAvailable()
        first.online()
        first.job.cancelAndJoin()
        first.push(3)
        val second = App(site, this, terminal)
        assertEquals(3, second.event().seq)
        second.job.cancelAndJoin()
        terminal.close()
        first.push(4)
        val third = App(site, this, site.device())
        assertEquals(4, third.event().seq)
        third.job.cancelAndJoin()
    }

    @Test
    fun `an event whose collector threw comes again`() = test("SN-COLLECTOR-THROWS") { site, terminal ->
        val failing = async(Dispatchers.Default) {
            runCatching { terminal.notices().filterIsInstance<Notice.Event>().collect { error("the app threw at ${it.seq}") } }
        }
        site.emulator.event(site.sn, 1)
        site.emulator.event(site.sn, 2)
        assertEquals("the app threw at 1", withTimeout(20.seconds) { failing.await() }.exceptionOrNull()?.message)
        val app = App(site, this, terminal)
        assertEquals(1, app.event().seq)
        assertEquals(2, app.event().seq)
        app.job.cancelAndJoin()
    }

    @Test
    fun `an event whose collector was cancelled comes again, what was taken does not`() = test("SN-TAKEN") { site, terminal ->
        val taken =
            async(Dispatchers.Default) { terminal.notices().filterIsInstance<Notice.Event>().map { it.seq }.take(2).toList() }
        (1..4).forEach { site.emulator.event(site.sn, it) }
        assertEquals(listOf(1L, 2L), withTimeout(20.seconds) { taken.await() })
        val app = App(site, this, terminal) { if (it is Notice.Event) CompletableDeferred<Unit>().await() }
        assertEquals(3, app.event().seq)
        app.job.cancelAndJoin()
        assertEquals(3, withTimeout(20.seconds) { terminal.notices().filterIsInstance<Notice.Event>().first() }.seq)
    }

    @Test
    fun `cancelled while events come nothing arrives any more and no thread hangs`() = test("SN-RECEIVING") { site, terminal ->
        repeat(10) {
            val app = App(site, this, terminal)
            app.online()
            val pushing = launch(Dispatchers.Default) { app.push(1, 2, 3, 4, 5) }
            app.event()
            val took = measureTime { app.job.cancelAndJoin() }
            assertTrue(took < 5.seconds, "$took")
            pushing.join()
            app.drop()
            app.push(6)
            assertEquals(FaultCode.CLOSED, faultOf { terminal.sendStatus(50, Paper.OK) }.code)
            assertEquals(0, app.drop())
        }
    }

    @Test
    fun `a collector that blocks holds up nothing else`() = test("SN-COLLECTOR-BLOCKS") { site, terminal ->
        val free = CountDownLatch(1)
        val app = App(site, this, terminal) { if (it is Notice.Event && it.seq == 1L) free.await() }
        app.online()
        app.push(1, 2)
        app.event()
        terminal.deviceToken()
        terminal.sendStatus(80, Paper.LOW)
        assertEquals(FaultCode.INVALID_REQUEST, faultOf { terminal.sendStatus(101, Paper.OK) }.code)
        assertTrue(terminal.readiness().findings.any { it.code == "channel" && it.severity == Readiness.Severity.OK })
        free.countDown()
        assertEquals(2, app.event().seq)
        app.job.cancelAndJoin()
    }

    @Test
    fun `a second collector takes over and the first one's flow ends`() = test("SN-SECOND") { site, terminal ->
        val first = App(site, this, terminal)
        first.online()
        val second = App(site, this, terminal)
        second.online()
        withTimeout(10.seconds) { first.job.join() }
        first.push(1)
        assertEquals(1, second.event().seq)
        assertEquals(1, sockets(site.sn))
        second.job.cancelAndJoin()
    }

    @Test
    fun `a terminal that is closed ends the flow, also from within`() = test("SN-CLOSED-FLOW") { site, terminal ->
        val flow = async(Dispatchers.Default) { runCatching { terminal.notices().collect {} } }
        while (sockets(site.sn) == 0) delay(10.milliseconds)
        val took = measureTime { terminal.close() }
        assertTrue(took < 3.seconds, "$took")
        assertEquals(FaultCode.CLOSED, closedBy(withTimeout(10.seconds) { flow.await() }))

        val again = site.device()
        val within = async(Dispatchers.Default) { runCatching { again.notices().collect { again.close() } } }
        assertEquals(FaultCode.CLOSED, closedBy(withTimeout(10.seconds) { within.await() }))
        site.device().close() // the folder was given back
        assertEquals(FaultCode.CLOSED, closedBy(runCatching { again.notices().collect {} }))
    }

    private fun closedBy(result: Result<Unit>) = assertInstanceOf(TerminalException::class.java, result.exceptionOrNull()).code

    @Test
    fun `a suspended device is told, the flow ends, and a released one connects`() = test("SN-SUSPENDED") { site, terminal ->
        val app = App(site, this, terminal)
        app.online()
        site.emulator.deviceStatus(site.sn, "suspended")
        val told = app.next { it is Notice.Offline }
        assertEquals(Notice.Offline(FaultCode.DEVICE_SUSPENDED, "device_suspended", final = true), told)
        withTimeout(10.seconds) { app.job.join() }
        assertEquals(Activation.State.ACTIVE, terminal.status().activation, "nothing is wiped")
        site.emulator.deviceStatus(site.sn, "active")
        val released = App(site, this, terminal)
        released.online()
        released.job.cancelAndJoin()
    }

    @Test
    @Provokes(FaultCode.REPLACED)
    fun `a device that is connected a second time elsewhere is told, and its flow ends`() = test("SN-REPLACED") {
            site,
            terminal
        ->
        terminal.close()
        val copy = File(site.folder, "copy").also { File(site.folder, "data").copyRecursively(it) }
        val first = App(site, this, site.device())
        first.online()
        val config = TerminalConfig.Builder(site.sn, copy).device(emulator.device().build()).build()
        Terminal.open(config, TerminalHost(site.keys)).use { elsewhere ->
            val second = App(site, this, elsewhere)
            second.online()
            val told = first.next { it is Notice.Offline }
            assertEquals(Notice.Offline(FaultCode.REPLACED, "replaced", final = true), told)
            withTimeout(10.seconds) { first.job.join() }
            second.job.cancelAndJoin()
        }
    }

    @Test
    fun `not activated the flow fails`() = Site(emulator, "SN-FLOW-NOT-ACTIVATED").use { site ->
        val terminal = site.device()
        assertEquals(FaultCode.NOT_ACTIVATED, faultOf { terminal.notices().collect {} }.code)
        runBlocking { terminal.networkAvailable() }
    }

    private fun sockets(sn: String): Int =
        emulator.admin("GET", "/admin/api/mpac/sockets").jsonObject.getValue("sockets").jsonArray
            .count { text(it.jsonObject, "serialNumber") == sn }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

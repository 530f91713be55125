package com.smartpos.terminal

import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

private val AT_ONCE = 2.seconds

class CancelTest {
    @Test
    fun `cancelled at random moments a terminal goes on`() = Site(emulator, "SN-CANCEL").use { site ->
        runBlocking {
            val terminal = site.paired()
            site.emulator.fault("latency", site.sn) { put("latencyMs", 10) }
            val random = Random(1)
            repeat(100) {
                val call = launch(Dispatchers.Default) { terminal.checkEntry(Card(Pan.ALLOWED)) }
                delay(random.nextInt(25).milliseconds)
                launch(Dispatchers.Default) { call.cancel() } // a second time, from another thread
                call.cancelAndJoin()
            }
            site.emulator.noFaults()
            val verdict = assertInstanceOf(Verdict.Allowed::class.java, terminal.checkEntry(Card(Pan.fresh())))
            assertTrue(terminal.confirmEntry(verdict.accessId, 1).known)
            assertEquals(1, site.emulator.entries(site.sn).size)
        }
    }

    @Test
    fun `a cancelled call returns at once and its request is given up`() = Site(emulator, "SN-AT-ONCE").use { site ->
        runBlocking {
            val terminal = site.paired()
            site.emulator.fault("latency", site.sn) { put("latencyMs", 60000) }
            val took = measureTime {
                assertNull(withTimeoutOrNull(100.milliseconds) { terminal.sync() })
                terminal.close()
            }
            assertTrue(took < AT_ONCE, "$took")
        }
    }

    @Test
    fun `cancelled before it began nothing is sent`() = Site(emulator, "SN-BEFORE").use { site ->
        runBlocking {
            val terminal = site.paired()
            val access = terminal.checkEntry(Card(Pan.fresh())) as Verdict.Allowed
            launch {
                coroutineContext[kotlinx.coroutines.Job]!!.cancel()
                terminal.confirmEntry(access.accessId, 1)
            }.join()
            assertEquals(0, site.emulator.entries(site.sn).size)
        }
    }

    @Test
    fun `closed while calls run they end with closed`() = Site(emulator, "SN-CLOSE").use { site ->
        runBlocking {
            val terminal = site.paired()
            site.emulator.fault("latency", site.sn) { put("latencyMs", 60000) }
            val calls = List(4) { async(Dispatchers.Default) { runCatching { terminal.sync() }.exceptionOrNull() } }
            delay(100.milliseconds)
            val took = measureTime { terminal.close() }
            assertTrue(took < AT_ONCE, "$took")
            calls.forEach { assertEquals(FaultCode.CLOSED, (it.await() as TerminalException).code) }
            terminal.close()
            assertEquals(FaultCode.CLOSED, faultOf { terminal.status() }.code)
        }
    }

    @Test
    fun `closed while its progress is collected it ends at once, and the collector hears no more`() =
        Site(emulator, "SN-PROGRESS-CLOSE").use { site ->
            runBlocking {
                val terminal = site.paired()
                site.lists(Pan.LISTED)
                val told = Channel<Progress>(Channel.UNLIMITED)
                val free = CompletableDeferred<Unit>()
                val collecting = launch(start = CoroutineStart.UNDISPATCHED) {
                    terminal.progress.collect {
                        told.send(it)
                        free.await()
                    }
                }
                val calls = List(2) { async(Dispatchers.Default) { runCatching { terminal.sync() } } }
                told.receive() // the collector is busy with it; a sync is under way, or just done
                val took = measureTime { withContext(Dispatchers.Default) { terminal.close() } }
                assertTrue(took < AT_ONCE, "$took")
                for (call in calls) {
                    val fault = call.await().exceptionOrNull() as TerminalException?
                    assertTrue(fault == null || fault.code == FaultCode.CLOSED, "$fault")
                }
                assertEquals(FaultCode.CLOSED, faultOf { terminal.sync() }.code)
                assertTrue(collecting.isActive, "the flow has no end")
                collecting.cancelAndJoin()
                site.open().close() // the folder was given back
            }
        }

    @Test
    fun `the thread that must not block is refused`() = Site(emulator, "SN-MAIN").use { site ->
        val refuse = { call: String -> throw IllegalStateException("$call blocks") }
        assertThrows(IllegalStateException::class.java) { Terminal.open(site.config(), TerminalHost(site.keys), refuse) }
        site.open().close() // the folder was not taken
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

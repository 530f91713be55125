package com.smartpos.terminal

import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Key stores and logs as bad as they come. */
class HostTest {
    private class Keys(private val good: KeyHost) : KeyHost by good {
        var onSign: () -> ByteArray? = { null }

        override fun sign(alias: String, message: ByteArray): ByteArray = onSign() ?: good.sign(alias, message)
    }

    @Test
    fun `a host that throws fails the call it served and nothing else`() = with("SN-THROWS") { site, keys, terminal ->
        for (thrown in listOf(
            RuntimeException("the key store says 🔑\u0000"),
            StackOverflowError(),
            AssertionError(null as Any?)
        )) {
            keys.onSign = { throw thrown }
            val fault = faultOf { terminal.checkEntry(Card(Pan.ALLOWED)) }
            assertEquals(FaultCode.KEY_LOST, fault.code, "$thrown")
        }
        keys.onSign = { throw RuntimeException("the key store says 🔑") }
        assertTrue(faultOf { terminal.sync() }.message!!.contains("the key store says 🔑"))
        for (nonsense in listOf(ByteArray(0), ByteArray(256), ByteArray(1_000_000))) {
            keys.onSign = { nonsense }
            assertEquals(FaultCode.KEY_LOST, faultOf { terminal.sync() }.code)
        }
        keys.onSign = { null }
        assertTrue(runBlocking { terminal.checkEntry(Card(Pan.fresh())) } is Verdict.Allowed, site.sn)
    }

    @Test
    fun `a host that blocks holds up its own call only`() = with("SN-BLOCKS") { site, keys, terminal ->
        val free = CountDownLatch(1)
        keys.onSign = {
            free.await()
            null
        }
        runBlocking {
            val took = measureTime { assertNull(withTimeoutOrNull(100.milliseconds) { terminal.checkEntry(Card(Pan.ALLOWED)) }) }
            assertTrue(took < 2.seconds, "$took")
            assertEquals(Status.State.PAIRED, terminal.status().state)
        }
        free.countDown()
        keys.onSign = { null }
        assertNotNull(runBlocking { terminal.checkEntry(Card(Pan.ALLOWED)) }, site.sn)
    }

    @Test
    fun `a host that calls back into the terminal gets an answer`() = with("SN-REENTERS") { site, keys, terminal ->
        val seen = AtomicReference<Status>()
        keys.onSign = {
            keys.onSign = { null }
            seen.set(runBlocking { terminal.status() })
            null
        }
        assertTrue(runBlocking { terminal.checkEntry(Card(Pan.fresh())) } is Verdict.Allowed)
        assertEquals(site.sn, seen.get().serialNumber)
    }

    @Test
    fun `closed while a host holds a call up it says so and ends later`() = with("SN-HELD") { site, keys, terminal ->
        val free = CountDownLatch(1)
        val inside = CountDownLatch(1)
        keys.onSign = {
            inside.countDown()
            free.await()
            null
        }
        val call = Thread { runCatching { runBlocking { terminal.sync() } } }.apply { start() }
        inside.await()
        assertEquals(FaultCode.TIMEOUT, faultOf { terminal.close() }.code)
        assertEquals(FaultCode.CLOSED, faultOf { terminal.status() }.code)
        free.countDown()
        call.join()
        terminal.close()
        site.open().close()
    }

    @Test
    fun `a log that throws is left alone and sees no secret`() = Site(emulator, "SN-LOG").use { site ->
        val lines = mutableListOf<String>()
        val log = LogSink { _, line ->
            synchronized(lines) { lines += line }
            throw IllegalStateException("the log is full")
        }
        Terminal.open(site.config(), TerminalHost(site.keys, log)).use { terminal ->
            runBlocking {
                terminal.pair(site.code)
                site.lists(Pan.LISTED)
                terminal.sync()
                terminal.checkEntry(Card(Pan.ALLOWED))
            }
        }
        val all = synchronized(lines) { lines.joinToString("\n") }
        assertTrue(all.isNotEmpty())
        listOf(Pan.ALLOWED, site.code, site.emulator.whitelistSecret).forEach { assertFalse(all.contains(it), all) }
    }

    private fun with(sn: String, test: (Site, Keys, Terminal) -> Unit) = Site(emulator, sn).use { site ->
        val keys = Keys(site.keys)
        val terminal = site.open(keys)
        runBlocking { terminal.pair(site.code) }
        test(site, keys, terminal)
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

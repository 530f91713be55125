package com.smartpos.terminal

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Orders of an emulated POS, as an app gets them. */
class EventStreamTest {
    private val secret = "integrator-secret-0123456789"
    private val config = EventStreamConfig("127.0.0.1:0", "KEY-K")

    private suspend inline fun <reified T : StreamNotice> Channel<StreamNotice>.next(): T = withTimeout(30.seconds) {
        var notice = receive()
        while (notice !is T) notice = receive()
        notice
    }

    private fun dial(address: String, pos: String) {
        emulator.admin("POST", "/admin/api/posstream/integrators", """{"keyId":"KEY-K","secretKey":"$secret"}""")
        emulator.admin(
            "POST",
            "/admin/api/posstream/clients",
            """{"address":"$address","pos":"$pos","reconnectSeconds":0.05}"""
        )
    }

    private fun order(pos: String, n: Int) =
        emulator.admin("POST", "/admin/api/posstream/events", """{"pos":"$pos","type":"create_order","data":{"n":$n}}""")

    @Test
    fun `an order is acknowledged when the collector handled it, and comes again when it did not`() = runBlocking {
        val told = Channel<StreamNotice>(Channel.UNLIMITED)
        fun collect(address: String, handle: (StreamNotice.Event) -> Unit) = launch(Dispatchers.Default) {
            EventStream.events(EventStreamConfig(address, "KEY-K"), secret.toByteArray()).collect {
                if (it is StreamNotice.Event) handle(it)
                told.send(it)
            }
        }

        val failing = launch(Dispatchers.Default) {
            try {
                EventStream.events(config, secret.toByteArray()).collect {
                    told.send(it)
                    check(it !is StreamNotice.Event) { "the app fails at its first order" }
                }
            } catch (_: IllegalStateException) {
            }
        }
        val address = told.next<StreamNotice.Listening>().address
        dial(address, "POS-FLOW")
        told.next<StreamNotice.Enabled>()
        order("POS-FLOW", 1)
        val lost = told.next<StreamNotice.Event>()
        failing.join()

        val handled = mutableListOf<String>()
        val second = collect(address) { handled += it.data }
        val again = told.next<StreamNotice.Event>()
        assertEquals(lost.id, again.id)
        order("POS-FLOW", 2)
        assertEquals("""{"n":2}""", told.next<StreamNotice.Event>().data)
        assertEquals(listOf("""{"n":1}""", """{"n":2}"""), handled)
        second.cancel()
        second.join()
    }

    @Test
    fun `a listener, its status and its end`() = runBlocking {
        val told = Channel<StreamNotice>(Channel.UNLIMITED)
        val stream = EventStream.open(config, secret.toByteArray()) { told.trySend(it) }
        dial(stream.address, "POS-LISTENER")
        told.next<StreamNotice.Enabled>()
        assertEquals(1, stream.status().counters.enabled)
        assertEquals("enabled", stream.status().connections.single().state)
        stream.close()
        stream.close()
        assertTrue(stream.status().connections.isEmpty())
    }

    @Test
    fun `a wrong parameter is named, and the secret is in no text`() {
        val refused = assertThrows(TerminalException::class.java) {
            EventStream.open(EventStreamConfig("127.0.0.1:0", "KEY-K", aes = "ecb"), secret.toByteArray()) {}
        }
        assertEquals(FaultCode.INVALID_CONFIG, refused.code)
        assertTrue(refused.message!!.contains("aes"))
        assertTrue((refused.toString() + config).contains(secret).not())
    }

    private companion object {
        val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

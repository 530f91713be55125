package com.smartpos.terminal

import java.net.Socket
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** Orders of an emulated POS, as an app gets them. */
class EventStreamTest {
    private val secret = "integrator-secret-0123456789"
    private val config = EventStreamConfig("127.0.0.1:0", "KEY-K")

    private suspend inline fun <reified T : StreamNotice> Channel<StreamNotice>.next(): T = withTimeout(30.seconds) {
        var notice = receive()
        while (notice !is T) notice = receive()
        notice
    }

    private fun dial(address: String, pos: String, aes: String = "cbc") {
        emulator.admin("POST", "/admin/api/posstream/integrators", """{"keyId":"KEY-K","secretKey":"$secret"}""")
        emulator.admin(
            "POST",
            "/admin/api/posstream/clients",
            """{"address":"$address","pos":"$pos","aes":"$aes","reconnectSeconds":0.05}"""
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
    fun `an order that was taken with first is acknowledged`() = runBlocking {
        val told = Channel<StreamNotice>(Channel.UNLIMITED)
        fun first(address: String) = async(Dispatchers.Default) {
            EventStream.events(EventStreamConfig(address, "KEY-K"), secret.toByteArray()).onEach(told::send)
                .filterIsInstance<StreamNotice.Event>().first().data
        }

        val one = first("127.0.0.1:0")
        val address = told.next<StreamNotice.Listening>().address
        dial(address, "POS-FIRST")
        told.next<StreamNotice.Enabled>()
        order("POS-FIRST", 1)
        order("POS-FIRST", 2)
        assertEquals("""{"n":1}""", withTimeout(30.seconds) { one.await() })
        assertEquals("""{"n":2}""", withTimeout(30.seconds) { first(address).await() })
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

    /** What ends the connection of an emulated POS, or of [dial]. */
    private fun endOf(
        pos: String,
        config: EventStreamConfig = this.config,
        hear: (StreamNotice) -> Unit = {},
        dial: (EventStream) -> Unit = { dial(it.address, pos) }
    ): FaultCode? = runBlocking {
        val told = Channel<StreamNotice>(Channel.UNLIMITED)
        val listener = EventStream.Listener {
            told.trySend(it)
            hear(it)
        }
        EventStream.open(config, secret.toByteArray(), listener).use {
            dial(it)
            told.next<StreamNotice.Disconnected>().code
        }
    }

    /** Lets [pos] have an order as soon as it can. */
    private fun ordering(pos: String, handle: (StreamNotice.Event) -> Unit = {}): (StreamNotice) -> Unit = { notice ->
        if (notice is StreamNotice.Enabled) order(pos, 1)
        if (notice is StreamNotice.Event) handle(notice)
    }

    @TestFactory
    @Provokes(
        FaultCode.REGISTRATION_REFUSED,
        FaultCode.DECRYPT_FAILED,
        FaultCode.MESSAGE_INVALID,
        FaultCode.LISTENER_FAILED,
        FaultCode.LISTENER_SLOW
    )
    fun `why a connection ended is said`(): List<DynamicTest> = mapOf(
        FaultCode.REGISTRATION_REFUSED to { endOf("POS-REFUSES", EventStreamConfig("127.0.0.1:0", "NOBODY")) },
        FaultCode.DECRYPT_FAILED to
            { endOf("POS-GCM", hear = ordering("POS-GCM")) { dial(it.address, "POS-GCM", aes = "gcm") } },
        FaultCode.MESSAGE_INVALID to {
            endOf("POS-GARBAGE") { stream ->
                Socket("127.0.0.1", stream.address.substringAfter(':').toInt()).use {
                    it.getOutputStream().write(ByteArray(64) { 7 })
                }
            }
        },
        FaultCode.LISTENER_FAILED to { endOf("POS-THROWS", hear = ordering("POS-THROWS") { error("the app fails") }) },
        FaultCode.LISTENER_SLOW to {
            val free = CountDownLatch(1)
            endOf("POS-SLOW", hear = ordering("POS-SLOW") { free.await() }) { stream ->
                dial(stream.address, "POS-SLOW")
                while (stream.status().counters.slow == 0L) Thread.sleep(10)
                free.countDown()
            }
        }
    ).map { (code, end) -> dynamicTest(code.name) { assertEquals(code, end()) } }

    @Test
    @Provokes(FaultCode.ADDRESS_UNAVAILABLE)
    fun `an address that is in use is refused`() {
        EventStream.open(config, secret.toByteArray()) {}.use { first ->
            val fault = assertThrows(TerminalException::class.java) {
                EventStream.open(EventStreamConfig(first.address, "KEY-K"), secret.toByteArray()) {}
            }
            assertEquals(FaultCode.ADDRESS_UNAVAILABLE to Actor.DEVELOPER, fault.code to fault.actor)
        }
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

package com.smartpos.terminal

import java.util.Collections
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** QR payments at the gateway, with the token that the backend gave. */
class PaymentsTest {
    /** A QR payment of a bill, as the backend made it. */
    private class Qr(val bill: Bill, val id: String, val intent: String, val secret: String) {
        val token = PaymentToken(secret)

        companion object {
            suspend fun at(terminal: Terminal): Qr {
                val bill = Bill.at(terminal)
                val row = bill.pay("qr_mpm")
                return Qr(bill, text(row, "id"), text(row, "payment_intent_id"), text(row, "payment_token"))
            }
        }
    }

    @Test
    fun `from the order to the completed order, and the token shows nowhere`() = Site(emulator, "SN-QR").use { site ->
        val log = Collections.synchronizedList(mutableListOf<String>())
        val terminal = site.activated(log = { _, line -> log.add(line) })
        runBlocking {
            val qr = Qr.at(terminal)
            val made = terminal.payments.retrieve(qr.intent, qr.token)
            assertEquals(PaymentIntent.Status.REQUIRES_PAYMENT_METHOD, made.status)
            assertEquals(listOf(380L, "JPY", qr.id), listOf(made.amount, made.currency, made.merchantRefId))
            assertTrue(made.expiresAt!!.isAfter(made.createdAt))

            val handover = terminal.payments.handover(qr.intent, qr.token)
            assertTrue(handover.expiresIn.toMinutes() in 28..30, "${handover.expiresIn}")
            val page = Json.parseToJsonElement(handover.json).jsonObject
            assertEquals(setOf("token", "payment_intent_id", "expires_in"), page.keys)
            assertEquals(listOf(qr.secret, qr.intent), listOf(text(page, "token"), text(page, "payment_intent_id")))

            val confirmed = terminal.payments.confirm(qr.intent, qr.token, "qr_mpm", "PAYPAY")
            assertEquals(PaymentIntent.Status.REQUIRES_ACTION to "PAYPAY", confirmed.status to confirmed.provider)
            assertNotNull(confirmed.qrContent)
            val again = terminal.payments.confirm(qr.intent, qr.token, "qr_mpm", "PAYPAY")
            assertEquals(confirmed.providerTransactionId, again.providerTransactionId, "it was confirmed once")

            emulator.provider(qr.intent, "SUCCESS", deliveries = 2)
            assertEquals(PaymentIntent.Status.SUCCEEDED, terminal.payments.await(qr.intent, qr.token).status)
            qr.bill.awaitPaid()
            val late = faultOf { terminal.payments.cancel(qr.intent, qr.token) }
            assertEquals(FaultCode.CONFLICT, late.code)
            terminal.close()

            assertTrue(log.any { "/v1/payment_intents" in it }, "the calls are in the log")
            val told = listOf(late.stackTraceToString(), made, handover, confirmed, qr.token).map(Any::toString)
            assertEquals(emptyList<String>(), (log + told).filter { qr.secret in it })
            val secret = qr.secret.toByteArray().toString(Charsets.ISO_8859_1)
            assertEquals(
                emptyList<String>(),
                site.folder.walk().filter { it.isFile && secret in it.readText(Charsets.ISO_8859_1) }.map { it.name }.toList()
            )
        }
    }

    @Test
    fun `a payment is given up once, and the bill is paid otherwise`() = Site(emulator, "SN-QR-CANCEL").use { site ->
        val terminal = site.activated()
        runBlocking {
            val qr = Qr.at(terminal)
            repeat(2) {
                assertEquals(PaymentIntent.Status.CANCELLED, terminal.payments.cancel(qr.intent, qr.token).status)
            }
            val fault = faultOf { terminal.payments.confirm(qr.intent, qr.token, "qr_mpm", "PAYPAY") }
            assertEquals(FaultCode.CONFLICT, fault.code)
            qr.bill.awaitStatus("payments", qr.id, "cancelled")
            val other = qr.bill.pay("qr_mpm")
            assertEquals(
                PaymentIntent.Status.REQUIRES_PAYMENT_METHOD,
                terminal.payments.retrieve(text(other, "payment_intent_id"), PaymentToken(text(other, "payment_token"))).status
            )
        }
    }

    @Test
    fun `a payment that the provider refuses has failed and is no exception`() = Site(emulator, "SN-QR-FAILED").use { site ->
        val terminal = site.activated()
        runBlocking {
            val qr = Qr.at(terminal)
            terminal.payments.confirm(qr.intent, qr.token, "qr_mpm", "PAYPAY")
            emulator.provider(qr.intent, "FAILED")
            val ended = terminal.payments.await(qr.intent, qr.token)
            assertEquals(PaymentIntent.Status.FAILED, ended.status)
            assertTrue(ended.status.ended && !ended.expired)
        }
    }

    @Test
    fun `waiting is left at once and the payment goes on`() = Site(emulator, "SN-QR-WAIT").use { site ->
        val terminal = site.activated()
        runBlocking {
            val qr = Qr.at(terminal)
            val took = measureTime {
                assertNull(withTimeoutOrNull(200.milliseconds) { terminal.payments.await(qr.intent, qr.token) })
            }
            assertTrue(took < 2.seconds, "$took")
            assertEquals(
                PaymentIntent.Status.REQUIRES_PAYMENT_METHOD,
                terminal.payments.retrieve(qr.intent, qr.token).status
            )
        }
    }

    @Test
    fun `a confirmation without an answer is repeated and happens once`() = Site(emulator, "SN-QR-LOST").use { site ->
        val terminal = site.activated()
        runBlocking {
            val qr = Qr.at(terminal)
            emulator.fault("drop_answer") { put("system", "pgw") }
            val fault = faultOf { terminal.payments.confirm(qr.intent, qr.token, "qr_mpm", "PAYPAY") }
            assertEquals(FaultCode.OUTCOME_UNKNOWN, fault.code)
            assertFalse(qr.secret in fault.stackTraceToString())
            emulator.noFaults()
            val confirmed = terminal.payments.confirm(qr.intent, qr.token, "qr_mpm", "PAYPAY")
            assertEquals(PaymentIntent.Status.REQUIRES_ACTION, confirmed.status)
        }
    }

    @Test
    fun `what is refused says why, without the token`() = Site(emulator, "SN-QR-REFUSED").use { site ->
        val terminal = site.activated()
        runBlocking {
            val qr = Qr.at(terminal)
            val wrong = qr.intent + "_secret_" + "0".repeat(32)
            val calls = mapOf<String, suspend (String, PaymentToken) -> Unit>(
                "retrieve" to { id, token -> terminal.payments.retrieve(id, token) },
                "confirm" to { id, token -> terminal.payments.confirm(id, token, "qr_mpm", "PAYPAY") },
                "cancel" to { id, token -> terminal.payments.cancel(id, token) },
                "await" to { id, token -> terminal.payments.await(id, token) },
                "handover" to { id, token -> terminal.payments.handover(id, token) }
            )
            for ((name, call) in calls) {
                val fault = faultOf { call(qr.intent, PaymentToken(wrong)) }
                assertEquals(FaultCode.TOKEN_INVALID, fault.code, name)
                assertFalse(wrong in fault.stackTraceToString(), name)
                assertEquals(FaultCode.INVALID_REQUEST, faultOf { call("../refund", qr.token) }.code, name)
            }
            val method = faultOf { terminal.payments.confirm(qr.intent, qr.token, "credit_card", "PAYPAY") }
            assertEquals(FaultCode.PROTOCOL_ERROR, method.code)
            emulator.fault("refuse") { put("system", "pgw") }
            assertEquals(FaultCode.NETWORK_UNAVAILABLE, faultOf { terminal.payments.retrieve(qr.intent, qr.token) }.code)
            emulator.noFaults()
        }
        val without = Site(emulator, "SN-NO-PGW")
        without.use {
            val fault = faultOf { it.open().payments.retrieve("pi_1", PaymentToken("pi_1_secret_1")) }
            assertEquals(FaultCode.INVALID_CONFIG, fault.code)
        }
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

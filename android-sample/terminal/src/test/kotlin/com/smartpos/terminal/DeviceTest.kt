package com.smartpos.terminal

import java.time.Duration
import java.time.Instant
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

const val ORDER =
    """{"order_type":"takeaway","items":[{"sequence":1,"item_name":"茶","quantity":1,"unit_price":380,"subtotal":380}]}"""

/** The device's identity, from its key to a cash payment, with keys of a host on the JVM. */
class DeviceTest {
    @Test
    fun `from activation to a cash payment`() = Site(emulator, "SN-DEVICE").use { site ->
        runBlocking {
            val terminal = site.device()
            assertEquals(Activation.State.NONE, terminal.status().activation)
            assertEquals(FaultCode.NOT_ACTIVATED, faultOf { terminal.awaitActivation(Duration.ofSeconds(1)) }.code)
            val key = terminal.deviceKey()
            assertTrue(key.publicKeyPem.startsWith("-----BEGIN PUBLIC KEY-----") && key.keyFingerprint.startsWith("SHA256:"))
            assertEquals("P-256", text(json(key.jwk), "crv"))

            val pending = terminal.requestActivation()
            assertEquals(Activation.State.PENDING, pending.state)
            assertTrue(pending.expiresAt!!.isAfter(Instant.now()))
            assertEquals(pending, terminal.requestActivation(), "asked again it is the same code")
            emulator.activate(pending.code!!)
            val active = terminal.awaitActivation(Duration.ofSeconds(30))
            assertEquals(Activation(Activation.State.ACTIVE, null, null, pending.deviceId, pending.clientId, 1, 2), active)

            val token = terminal.deviceToken()
            assertEquals(listOf("order:create", "bill:create", "payment:create"), token.scope)
            assertTrue(token.expiresAt.isAfter(Instant.now().plusSeconds(9)))
            assertEquals(token.accessToken, terminal.deviceToken().accessToken, "one token serves while it is good")

            val order = created(terminal.call("POST", "/api/v1/orders", ORDER))
            val bill = created(terminal.call("POST", "/api/v1/bills", """{"order_id":"${text(order, "id")}"}"""))
            val cash = """{"bill_id":"${text(bill, "id")}","amount":380,"payment_method":"cash"}"""
            val paid = terminal.call("POST", "/api/v1/payments", cash, "till-1-0001")
            assertEquals("till-1-0001", paid.idempotencyKey)
            assertEquals("completed", text(created(paid), "status"))
            assertEquals(paid.body, terminal.call("POST", "/api/v1/payments", cash, "till-1-0001").body, "it was paid once")
            val refused = terminal.call("POST", "/api/v1/payments", cash)
            assertEquals(409, refused.status, "a refusal of the server is an answer")
            assertTrue(text(order, "id") in orders(terminal))
            assertTrue(terminal.readiness().ready)
        }
    }

    /** The ids of the store's orders. */
    private suspend fun orders(terminal: Terminal): Set<String> =
        json(terminal.call("GET", "/api/v1/orders").body!!).getValue("items").jsonArray.map { text(it.jsonObject, "id") }.toSet()

    private fun json(text: String): JsonObject = Json.parseToJsonElement(text).jsonObject

    private fun created(answer: CallAnswer): JsonObject {
        assertEquals(201, answer.status, answer.body)
        return json(answer.body!!)
    }

    @Test
    fun `the identity outlives the terminal and a lost key is said`() = Site(emulator, "SN-OUTLIVES").use { site ->
        runBlocking {
            val first = site.activated()
            val key = first.deviceKey()
            first.close()
            val second = site.device()
            assertEquals(key, second.deviceKey())
            assertEquals(Activation.State.ACTIVE, second.status().activation)
            second.deviceToken()
            second.close()
            site.keys.lose("device")
            val third = site.device()
            assertEquals(FaultCode.KEY_LOST, faultOf { third.deviceToken() }.code)
            assertTrue(
                third.readiness().findings.any {
                    it.code == "device_key_lost" && it.severity == Readiness.Severity.BLOCKING
                }
            )
        }
    }

    @Test
    fun `a call without an answer is listed and resolved once`() = Site(emulator, "SN-UNKNOWN").use { site ->
        runBlocking {
            val first = site.activated()
            val before = orders(first)
            site.emulator.fault("drop_answer") { put("path", "/api/v1/orders") }
            val fault = faultOf { first.call("POST", "/api/v1/orders", ORDER, "till-9") }
            assertEquals(FaultCode.OUTCOME_UNKNOWN, fault.code)
            assertTrue(fault.message!!.contains("till-9"))
            first.close()
            site.emulator.noFaults()

            val terminal = site.device()
            val open = terminal.status().unknownCalls.single()
            assertEquals(listOf("till-9", "POST", "/api/v1/orders"), listOf(open.idempotencyKey, open.method, open.path))
            assertFalse(terminal.status().safeToWipe)
            assertEquals(201, terminal.resolveCall("till-9").status)
            assertEquals(emptyList<UnknownCall>(), terminal.status().unknownCalls)
            assertTrue(terminal.status().safeToWipe)
            assertEquals(1, (orders(terminal) - before).size, "one order, however often it was asked for")
        }
    }

    @Test
    fun `a cancelled wait returns at once and another call goes on`() = Site(emulator, "SN-WAIT").use { site ->
        runBlocking {
            val terminal = site.device()
            val code = terminal.requestActivation().code!!
            val took = measureTime {
                assertNull(withTimeoutOrNull(100.milliseconds) { terminal.awaitActivation(Duration.ofMinutes(10)) })
            }
            assertTrue(took < 2.seconds, "$took")
            emulator.activate(code)
            assertEquals(Activation.State.ACTIVE, terminal.awaitActivation(Duration.ofMillis(30_500)).state)
        }
    }

    @Test
    fun `a host that throws while it signs fails the token and heals`() = Site(emulator, "SN-SIGN").use { site ->
        val keys = object : KeyHost by site.keys {
            var broken = false

            override fun sign(alias: String, message: ByteArray): ByteArray =
                if (broken) throw IllegalStateException("the key store is locked") else site.keys.sign(alias, message)
        }
        runBlocking {
            val terminal = site.activated(keys)
            keys.broken = true
            assertEquals(FaultCode.KEY_LOST, faultOf { terminal.deviceToken() }.code)
            keys.broken = false
            val healed = withTimeoutOrNull(30.seconds) {
                var token: Token? = null
                while (token == null) {
                    token = runCatching { terminal.deviceToken() }.getOrNull()
                }
                token
            }
            assertTrue(healed != null, "the device heals by itself")
        }
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

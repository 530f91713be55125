package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Mobile
import java.io.File
import java.time.Duration
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** Every fault of the table is thrown by Go and read: here, or by a test that [Provokes] it. */
class FaultsTest {
    private val calls: Map<FaultCode, suspend (Site) -> Unit> = mapOf(
        FaultCode.INVALID_CARD to { it.paired().checkEntry(Card("5555 5555")) },
        FaultCode.INVALID_CODE to { it.open().pair("1234") },
        FaultCode.PAIRING_CODE_REJECTED to { it.open().pair("00000000") },
        FaultCode.ALREADY_PAIRED to { it.paired().pair(it.code) },
        FaultCode.KEY_REJECTED to { site ->
            site.emulator.fault("status") {
                put("status", 422)
                put("body", """{"errorCode":"INVALID_PUBLIC_KEY"}""")
            }
            site.open().pair(site.code)
        },
        FaultCode.NOT_PAIRED to { it.open().checkEntry(Card(Pan.ALLOWED)) },
        FaultCode.KEY_LOST to { site -> site.paired().also { site.keys.lose("macs-pairing") }.checkEntry(Card(Pan.ALLOWED)) },
        FaultCode.TLS_UNTRUSTED to
            { site -> Emulator().use { other -> site.open { server(site.emulator.url, other.caPem) }.pair(site.code) } },
        FaultCode.CLOCK_WRONG to { it.open { clockOffset(Duration.ofDays(365 * 30)) }.pair(it.code) },
        FaultCode.NETWORK_UNAVAILABLE to { site -> site.paired().also { site.emulator.fault("refuse") }.sync() },
        FaultCode.TIMEOUT to { answered(it, 408).sync() },
        FaultCode.SERVER_ERROR to { answered(it, 500).sync() },
        FaultCode.RATE_LIMITED to { answered(it, 429).sync() },
        FaultCode.BAD_RESPONSE to { site ->
            site.emulator.fault("status") {
                put("status", 200)
                put("body", "<html>Please log in</html>")
            }
            site.open().pair(site.code)
        },
        FaultCode.PROTOCOL_ERROR to { answered(it, 400).sync() },
        FaultCode.NOT_AUTHORIZED to { answered(it, 401).sync() },
        FaultCode.ACCESS_NOT_FOUND to { it.paired().confirmEntry("no such access", 0) },
        FaultCode.ACCESS_EXPIRED to { site ->
            val access = site.paired().use { allowed(it) }
            site.open { clockOffset(Duration.ofMinutes(5)) }.confirmEntry(access.accessId, 0)
        },
        FaultCode.INVALID_GUESTS to { site -> site.paired().let { it.confirmEntry(allowed(it).accessId, 4) } },
        FaultCode.ALREADY_CONFIRMED to { site ->
            val terminal = site.paired()
            val access = allowed(terminal)
            terminal.confirmEntry(access.accessId, 1)
            terminal.confirmEntry(access.accessId, 2)
        },
        FaultCode.ALREADY_REPORTED to { site ->
            val terminal = site.paired()
            site.lists(Pan.LISTED)
            terminal.sync()
            site.emulator.fault("reset", site.sn)
            val access = terminal.checkEntry(Card(Pan.LISTED)) as Verdict.Allowed
            terminal.confirmEntry(access.accessId, 0)
            site.emulator.noFaults()
            terminal.uploadReports()
            terminal.voidEntry(access.accessId)
        },
        FaultCode.DATA_DIR_LOCKED to { site ->
            site.open()
            site.open()
        },
        FaultCode.STORAGE_READ_ONLY to { site ->
            // Not even root makes a folder in sysfs.
            val config = TerminalConfig.Builder(site.sn, File("/sys/terminal")).server(site.emulator.url, site.emulator.caPem)
            Terminal.open(config.whitelistSecret(site.emulator.whitelistSecret).build(), TerminalHost(site.keys))
        },
        FaultCode.STORAGE_DAMAGED to { site ->
            site.open().close()
            File(site.folder, "data/journal.db").writeBytes(ByteArray(8192) { 7 })
            site.open()
        },
        FaultCode.INVALID_CONFIG to { it.open { maxPending(0) } },
        FaultCode.INVALID_LIST to { site ->
            val terminal = site.paired()
            site.emulator.fault("status", site.sn) {
                put("status", 200)
                put("body", """{"ranges":[{"from":"9","to":"1"}]}""")
                put("path", "/pos/fallback_bin_ranges")
            }
            terminal.sync()
        },
        FaultCode.INVALID_REQUEST to { it.activated().call("BREW", "/api/v1/orders") },
        FaultCode.NOT_ACTIVATED to { it.device().deviceToken() },
        FaultCode.TOKEN_REFUSED to { it.activated { audience("https://elsewhere.example") }.deviceToken() },
        FaultCode.DEVICE_SUSPENDED to
            { site -> site.activated().also { site.emulator.deviceStatus(site.sn, "suspended") }.deviceToken() },
        FaultCode.DEVICE_DECOMMISSIONED to
            { site -> site.activated().also { site.emulator.deviceStatus(site.sn, "decommissioned") }.deviceToken() },
        FaultCode.SCOPE_MISSING to { it.activated { scope("bill:create") }.call("GET", "/api/v1/orders") },
        FaultCode.CONFLICT to { site ->
            site.activated().close()
            site.keys.delete("device")
            site.device().requestActivation()
        },
        FaultCode.NOT_FOUND to { it.activated().resolveCall("no such call") },
        FaultCode.OUTCOME_UNKNOWN to { site ->
            val terminal = site.activated()
            terminal.deviceToken()
            site.emulator.fault("drop_answer") { put("path", "/api/v1/orders") }
            terminal.call("POST", "/api/v1/orders", ORDER)
        },
        FaultCode.TOKEN_INVALID to { site ->
            val terminal = site.activated()
            val intent = text(Bill.at(terminal).pay("qr_mpm"), "payment_intent_id")
            terminal.payments.retrieve(intent, PaymentToken("${intent}_secret_" + "0".repeat(32)))
        },
        FaultCode.PAYMENT_EXPIRED to { site ->
            val terminal = site.activated()
            val payment = Bill.at(terminal).pay("qr_mpm")
            later(site) {
                val token = PaymentToken(text(payment, "payment_token"))
                terminal.payments.confirm(text(payment, "payment_intent_id"), token, "qr_mpm", "PAYPAY")
            }
        },
        FaultCode.INVALID_AMOUNT to { it.activated().cardPayments.encodeRequest(CardRequest(0, 5, "AUTH01")) },
        FaultCode.PAYMENT_UNKNOWN to { it.activated().cardPayments.record("CORR-5-0000000000001", "payment-1") },
        FaultCode.CARD_APP_RESULT_INVALID to { byCard(it, CardAppAnswer(CardAppAnswer.Code.OTHER, null)) },
        FaultCode.FOREIGN_CORR_ID to {
            val foreign = """{"status":"cancelled","error_message":null,"corr_id":"CORR-5-0000000000001"}"""
            byCard(it, CardAppAnswer(CardAppAnswer.Code.OK, foreign))
        },
        FaultCode.ALREADY_RESOLVED to { site ->
            val (terminal, corrId) = byCard(site, CardAppAnswer(CardAppAnswer.Code.CANCELLED, null))
            terminal.cardPayments.resolve(corrId, CardResult.Status.SUCCESS)
        },
        FaultCode.CLOSED to { site -> site.paired().also { it.close() }.status() },
        FaultCode.ACTIVATION_EXPIRED to { site ->
            val terminal = site.device()
            terminal.requestActivation()
            later(site) { assertEquals(Activation.State.EXPIRED, terminal.awaitActivation(Duration.ofSeconds(30)).state) }
            terminal.deviceToken()
        },
        // A cancelled coroutine gets a CancellationException in its place, so the binding is asked itself.
        FaultCode.CANCELLED to { site ->
            val bound = Mobile.open(site.config().json, BoundHost(site.keys) { _, _ -> })
            try {
                bound.sync(Mobile.newOp().apply { cancel() })
            } catch (e: Exception) {
                throw terminalException(e)
            } finally {
                bound.close()
            }
        }
    )

    private val refusals: Map<FaultCode, String> = mapOf(
        FaultCode.CARD_ASI_FAILED to "5200000000000015",
        FaultCode.CARD_AUTH_INSUFFICIENT_FUNDS to "5200000000000023",
        FaultCode.CARD_AMOUNT_AUTH_FAILED to "5200000000000031",
        FaultCode.LIMIT_EXCEEDED to Pan.LIMIT_EXCEEDED,
        FaultCode.UNMET_REQUIREMENTS to "5200000000000056",
        FaultCode.TEMPORARILY_BLOCKED to "5200000000000064",
        FaultCode.MISSING_ACCESS_RULES to "5200000000000072",
        FaultCode.UNKNOWN_DEVICE to "5200000000000080"
    )

    /** A paired terminal that is answered with [status] from now on. */
    private fun answered(site: Site, status: Int): Terminal = site.paired().also {
        site.emulator.fault("status", site.sn) { put("status", status) }
    }

    /** A terminal with a card payment that [answer] came back for. */
    private suspend fun byCard(site: Site, answer: CardAppAnswer): Pair<Terminal, String> {
        val terminal = site.activated()
        val launch = terminal.cardPayments.encodeRequest(CardRequest(380, 5, "AUTH01"))
        terminal.cardPayments.decodeResult(answer, launch.corrId)
        return terminal to launch.corrId
    }

    /** Does [call] when an hour has passed at the servers. */
    private suspend fun later(site: Site, call: suspend () -> Unit) {
        site.emulator.clock(Duration.ofHours(1))
        try {
            call()
        } finally {
            site.emulator.clock(Duration.ZERO)
        }
    }

    private suspend fun allowed(terminal: Terminal) = terminal.checkEntry(Card(Pan.fresh())) as Verdict.Allowed

    @TestFactory
    fun `a fault of Go arrives as what it is`(): List<DynamicTest> = calls.entries.mapIndexed { i, (code, call) ->
        dynamicTest(code.name) {
            Site(emulator, "SN-FAULT-$i").use { site ->
                val fault = faultOf { call(site) }
                assertEquals(code, fault.code, fault.message)
                val row = table.getValue(code.wire)
                assertEquals(
                    row,
                    Row(fault.actor.name.lowercase(), fault.retryable, fault.needsNetwork, fault.text, fault.i18nKey)
                )
                assertTrue(fault.message!!.contains(code.wire), fault.message)
                assertFalse(fault.message!!.contains(site.emulator.whitelistSecret))
            }
        }
    }

    @Test
    fun `a refusal of the server arrives as what it is`() = Site(emulator, "SN-REFUSAL").use { site ->
        val terminal = site.paired()
        for ((code, pan) in refusals) {
            val denied = runBlocking { terminal.checkEntry(Card(pan)) } as Verdict.Denied
            assertEquals(listOf(code, Mode.ONLINE, Reason.SERVER), listOf(denied.code, denied.mode, denied.reason))
            assertEquals(table.getValue(code.wire).text, denied.text)
        }
    }

    @Test
    fun `every code is provoked by a test`() {
        val codes = FaultCode.entries.toSet() - FaultCode.UNRECOGNIZED
        val provoked = calls.keys + refusals.keys + provokedByMarkedTests()
        assertEquals(codes, provoked, "provoke a new code where it fits, and mark the test with @Provokes")
    }

    @Test
    fun `the codes are those of the library`() {
        assertEquals(table.keys.sorted(), FaultCode.entries.filter { it != FaultCode.UNRECOGNIZED }.map { it.wire }.sorted())
        for ((wire, row) in table) {
            assertEquals(row.i18nKey, FaultCode.of(wire).i18nKey)
            val read = fault("""{"v":1,"code":"$wire","actor":"${row.actor}","retryable":${row.retryable},"text":"t"}""", null)
            assertEquals(wire, read.code.wire)
            assertEquals(row.actor.uppercase(), read.actor.name)
        }
    }

    @Test
    fun `a newer library's fault is unrecognized and tells all it knows`() {
        val newer = fault(
            """{"v":2,"code":"moon_phase","message":"m","text":"Wait for the moon.","i18nKey":"fault.moon_phase","actor":"astronomer","retryable":true,"since":3}""",
            null
        )
        assertEquals(FaultCode.UNRECOGNIZED, newer.code)
        assertEquals(Actor.UNRECOGNIZED, newer.actor)
        assertEquals("moon_phase" to "Wait for the moon.", newer.rawCode to newer.text)
        assertTrue(newer.retryable)
    }

    @Test
    fun `a wrong parameter is named`() = Site(emulator, "SN-PARAMETER").use { site ->
        val wrong: Map<String, TerminalConfig.Builder.() -> Unit> = mapOf(
            "baseUrl" to { server("http://127.0.0.1", site.emulator.caPem) },
            "macs.trustedCa" to { server(site.emulator.url, "no PEM") },
            "whitelistSecret" to { whitelistSecret("short") },
            "exclude each other" to { whitelistKey("both") },
            "timeouts.online" to { onlineTimeout(Duration.ZERO) },
            "offline.listWarnAge" to { listWarnAge(Duration.ofSeconds(Long.MAX_VALUE)) },
            "offline.listMaxAge" to { listMaxAge(Duration.ofNanos(-1)) },
            "device.baseUrl" to { device(DeviceConfig.Builder("http://h").systemRoots().build()) },
            "device.trustedCa" to { device(DeviceConfig.Builder("https://h").build()) },
            "device.scope" to { device(DeviceConfig.Builder("https://h").systemRoots().scope("a b").build()) },
            "pgw.baseUrl" to { pgw(PgwConfig.Builder("http://h").systemRoots().build()) },
            "pgw.trustedCa" to { pgw(PgwConfig.Builder("https://h").build()) },
            "offline.maxGuests" to { maxGuestsOffline(-1) },
            "offline.perCardPerDay" to { perCardPerDay(0) }
        )
        for ((key, change) in wrong) {
            val fault = assertThrows(TerminalException::class.java) { site.open(change = change) }
            assertEquals(FaultCode.INVALID_CONFIG, fault.code, key)
            assertTrue(fault.message!!.contains(key), "$key: ${fault.message}")
            assertFalse(fault.message!!.contains(site.emulator.whitelistSecret))
        }
    }

    @Test
    fun `a terminal without the entry job or the device says what is missing`() = Site(emulator, "SN-MISSING").use { site ->
        val neither = TerminalConfig.Builder(site.sn, File(site.folder, "none")).build()
        val refused = faultOf { Terminal.open(neither, TerminalHost(site.keys)) }
        assertTrue(refused.message!!.contains("macs, device and pgw are missing"))
        for ((missing, call) in mapOf<String, suspend () -> Unit>(
            "macs" to { site.device().use { it.sync() } },
            "device" to { site.open().use { it.deviceToken() } },
            "pgw" to { site.open().use { it.payments.retrieve("pi_1", PaymentToken("pi_1_secret_1")) } }
        )) {
            val fault = faultOf { call() }
            assertEquals(FaultCode.INVALID_CONFIG, fault.code)
            assertTrue(fault.message!!.contains("no $missing"), fault.message)
        }
    }

    @Test
    fun `nothing prints a secret`() = runBlocking {
        val config = TerminalConfig.Builder(
            "SN",
            File("/data")
        ).server("https://h", "ca").whitelistSecret("a secret of more than 32 characters!")
        assertEquals("TerminalConfig(SN, https://h)", config.build().toString())
        val device = DeviceConfig.Builder("https://api").trustedCa("ca").clientId("pos-1").build()
        assertEquals("DeviceConfig(https://api)", device.toString())
        assertEquals("TerminalConfig(SN, https://h, https://api)", config.device(device).build().toString())
        val token = decodeToken("""{"v":1,"expiresAt":"2026-01-28T10:02:00Z","scope":["a"],"accessToken":"a.b.c"}""")
        assertEquals("Token(expiresAt=2026-01-28T10:02:00Z, scope=[a])", token.toString())
        assertFalse(decodeActivation("""{"status":"pending","activationCode":"12345678"}""").toString().contains("12345678"))
        val answer = decodeCall("""{"v":1,"status":201,"body":{"payment_token":"pi_1_secret_0123"},"idempotencyKey":"k"}""")
        assertEquals("CallAnswer(status=201, idempotencyKey=k)", answer.toString())
        assertEquals("Card", Card(Pan.ALLOWED, "2812", Service.LOUNGE, EntryMode.CHIP).toString())
    }

    private data class Row(
        val actor: String,
        val retryable: Boolean,
        val needsNetwork: Boolean,
        val text: String,
        val i18nKey: String
    )

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()

        /** The table of package fault, as its own test writes it. */
        private val table: Map<String, Row> = File(System.getProperty("repository.root"), "docs/errors.md").readLines()
            .filter { it.startsWith("| `") }
            .map { line -> line.trim('|', ' ').split(" | ").map { it.trim('`') } }
            .associate { it[0] to Row(it[2], it[3] == "yes", it[4] == "yes", it[5], it[6]) }
    }
}

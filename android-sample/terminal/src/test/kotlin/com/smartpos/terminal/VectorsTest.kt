package com.smartpos.terminal

import java.io.File
import java.time.Duration
import java.time.Instant
import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.Json
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/**
 * The JSON of Go's tests is what Kotlin reads and writes: file by file, no field more, no file more. Here an unknown field fails;
 * an app ignores it.
 */
class VectorsTest {
    private val access = "7f1c1e0a-3c53-4f44-9d0b-6a3f0d6e2b11"
    private val peer = "192.168.1.21:50312"
    private val soon = Instant.parse("2026-01-28T10:02:00Z")
    private val synced = SyncResult(1_000_000, 2, true, "18", Instant.parse("2026-01-28T03:00:00Z"))
    private val uploaded = UploadResult(4, 1, 2)

    private class Answer<T>(val wire: KSerializer<T>, val read: (String) -> Any, val want: Any)

    private val answers: Map<String, Answer<*>> = mapOf(
        "activation-active" to
            Answer(
                ActivationWire.serializer(),
                ::decodeActivation,
                Activation(Activation.State.ACTIVE, null, null, access, "dev-7f1c1e0a", 1, 2)
            ),
        "activation-expired" to
            Answer(
                ActivationWire.serializer(),
                ::decodeActivation,
                Activation(Activation.State.EXPIRED, null, null, null, null, null, null)
            ),
        "activation-pending" to
            Answer(
                ActivationWire.serializer(),
                ::decodeActivation,
                Activation(Activation.State.PENDING, "12345678", soon, access, "dev-7f1c1e0a", null, null)
            ),
        "call" to call(201, """{"id":"o-1","total_amount":1280}""", access),
        "call-empty" to call(204, null, access),
        "call-get" to call(200, """{"items":[]}""", null),
        "call-text" to call(502, "<html>busy</html>", access),
        "card-launch" to Answer(
            LaunchWire.serializer(),
            ::decodeLaunch,
            CardLaunch(
                "CORR-5-1769594520000",
                "com.demo.smarttab.creditcard",
                "com.demo.smarttab.creditcard.MainActivity",
                mapOf(
                    "request" to """{"corr_id":"CORR-5-1769594520000","amount":1280,"classificationCode":5,""" +
                        """"authorizationID":"AUTH01","terminal_id":"$access"}""",
                    "terminal_id" to access
                )
            )
        ),
        "card-pending" to Answer(
            PendingCardsWire.serializer(),
            ::decodePendingCards,
            PendingCardPayments(
                listOf(PendingCardPayments.Unknown("CORR-5-1769594520000", 1280, soon, access)),
                listOf(
                    PendingCardPayments.Unrecorded(
                        "CORR-5-1769594520001",
                        500,
                        CardResult.Status.SUCCESS,
                        access,
                        soon,
                        FaultCode.NETWORK_UNAVAILABLE
                    )
                )
            )
        ),
        "card-pending-nothing" to
            Answer(PendingCardsWire.serializer(), ::decodePendingCards, PendingCardPayments(emptyList(), emptyList())),
        "card-record-waiting" to record(false, FaultCode.NETWORK_UNAVAILABLE),
        "card-recorded" to record(true, null),
        "card-resolved" to Answer(ResolvedCardWire.serializer(), { it }, vector("card-resolved")),
        "card-result-declined" to Answer(
            CardResultWire.serializer(),
            ::decodeCardResult,
            CardResult("CORR-5-1769594520000", CardResult.Status.DECLINED, errorMessage = "Call the issuer.")
        ),
        "card-result-success" to Answer(
            CardResultWire.serializer(),
            ::decodeCardResult,
            CardResult(
                "CORR-5-1769594520000",
                CardResult.Status.SUCCESS,
                "012345",
                "00123",
                "0042",
                paymentId = access,
                unknown = mapOf("card_brand" to "\"VISA\"")
            )
        ),
        "confirm-confirmed" to
            Answer(ConfirmationWire.serializer(), ::decodeConfirmation, Confirmation(access, 2, Mode.OFFLINE, true)),
        "confirm-unknown" to
            Answer(ConfirmationWire.serializer(), ::decodeConfirmation, Confirmation(access, 2, Mode.ONLINE, false)),
        "device-key" to Answer(
            DeviceKeyWire.serializer(),
            ::decodeDeviceKey,
            DeviceKey(
                "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
                """{"kty":"EC","crv":"P-256","x":"x","y":"y","use":"sig","alg":"ES256"}""",
                "SHA256:uNvHQ8gKzFhYdS2aJgP0yqkT2oZs9d1mK4cX7b5eR3w"
            )
        ),
        "export" to Answer(ExportWire.serializer(), ::decodeExport, ExportResult(3, File("/data/export.json"))),
        "handover" to Answer(
            HandoverWire.serializer(),
            { text -> decodeHandover(text).let { listOf(it.paymentIntentId, it.expiresIn) } },
            listOf("pi_01KG8Z3F0V9T6Q4N2M8X7C5B1A", Duration.ofMinutes(5))
        ),
        "intent" to Answer(
            IntentAnswerWire.serializer(),
            ::decodeIntent,
            PaymentIntent(
                id = "pi_01KG8Z3F0V9T6Q4N2M8X7C5B1A",
                status = PaymentIntent.Status.REQUIRES_ACTION,
                amount = 1280,
                currency = "JPY",
                merchantRefId = access,
                methodTypes = listOf("qr_mpm"),
                methodType = "qr_mpm",
                processingMode = "pgw_processed",
                provider = "PAYPAY",
                providerTransactionId = "PAYPAY-TXN-456",
                qrContent = "https://qr.example/1",
                qrCodeUrl = "https://qr.example/1",
                createdAt = Instant.parse("2026-01-28T09:32:00Z"),
                expiresAt = soon,
                updatedAt = Instant.parse("2026-01-28T09:33:00Z")
            )
        ),
        "notice-event" to notice(
            Notice.Event(
                "01KG8Z3F0V9T6Q4N2M8X7C5B1A",
                7,
                "payment.updated",
                """{"payment_id":"$access","bill_id":"$access","status":"completed"}"""
            )
        ),
        "notice-offline" to notice(Notice.Offline(FaultCode.NETWORK_UNAVAILABLE, "network_unavailable", false)),
        "notice-offline-final" to notice(Notice.Offline(FaultCode.REPLACED, "replaced", true)),
        "notice-online" to notice(Notice.Online),
        "notice-resync-required" to notice(Notice.ResyncRequired),
        "pair" to Answer(
            PairingWire.serializer(),
            ::decodePairing,
            Pairing("SN-0001", "SHA256:uNvHQ8gKzFhYdS2aJgP0yqkT2oZs9d1mK4cX7b5eR3w")
        ),
        "readiness" to Answer(
            ReadinessWire.serializer(),
            ::decodeReadiness,
            Readiness(
                false,
                listOf(
                    finding(
                        "not_paired",
                        Readiness.Severity.BLOCKING,
                        "The terminal is not paired.",
                        "Get a pairing code in the admin panel and pair the terminal."
                    ),
                    finding(
                        "list_missing",
                        Readiness.Severity.WARNING,
                        "There are no lists for offline decisions.",
                        "Sync the terminal."
                    ),
                    finding("clock", Readiness.Severity.OK, "The device's clock agrees with the server's.", null)
                )
            )
        ),
        "readiness-device" to Answer(
            ReadinessWire.serializer(),
            ::decodeReadiness,
            Readiness(
                false,
                listOf(
                    finding("device_key", Readiness.Severity.OK, "The device's key is good, or not needed yet.", null),
                    finding(
                        "not_activated",
                        Readiness.Severity.BLOCKING,
                        "The device is not activated.",
                        "This device is not activated. Get an activation code and enter it in the portal."
                    ),
                    finding("clock", Readiness.Severity.OK, "The device's clock is right as far as is known.", null),
                    finding("journal", Readiness.Severity.OK, "Nothing waits for upload.", null)
                )
            )
        ),
        "run-due" to Answer(DueWire.serializer(), ::decodeDue, DueResult(synced, uploaded, soon)),
        "run-due-cards" to Answer(DueWire.serializer(), ::decodeDue, DueResult(null, null, null, 2, 1)),
        "run-due-nothing" to Answer(DueWire.serializer(), ::decodeDue, DueResult(null, null, soon)),
        "status" to Answer(
            StatusWire.serializer(),
            ::decodeStatus,
            Status(
                Status.State.PAIRED, "SN-0001", 2, 1, 1, 1_000_000, 2, "18",
                Duration.ofMinutes(
                    90
                ),
                soon.plus(Duration.ofDays(1)), false
            )
        ),
        "status-device" to
            Answer(
                StatusWire.serializer(),
                ::decodeStatus,
                Status(
                    Status.State.UNPAIRED, "SN-0001", 0, 0, 0, 0, 0, null, null, soon, false, Activation.State.ACTIVE,
                    listOf(UnknownCall(access, "POST", "/api/v1/payments", soon)), 2, 1
                )
            ),
        "status-unpaired" to
            Answer(
                StatusWire.serializer(),
                ::decodeStatus,
                Status(Status.State.UNPAIRED, "SN-0001", 0, 0, 0, 0, 0, null, null, soon, true)
            ),
        "stream-connected" to notice(StreamNotice.Connected(peer, 3)),
        "stream-disconnected" to notice(StreamNotice.Disconnected(peer, 3, FaultCode.LISTENER_SLOW)),
        "stream-enabled" to notice(StreamNotice.Enabled(peer, 3)),
        "stream-event" to
            notice(StreamNotice.Event(peer, 3, access, "create_order", """{"order_id":"O-1","total":450}""")),
        "stream-listening" to notice(StreamNotice.Listening("192.168.1.10:7000")),
        "stream-refused" to notice(StreamNotice.Refused(peer, 3, "nack_auth")),
        "stream-status" to Answer(
            StreamStatusWire.serializer(),
            ::decodeStreamStatus,
            StreamStatus(
                "192.168.1.10:7000",
                listOf(StreamStatus.Connection(peer, 3, "enabled", soon, 12, 1, 2)),
                StreamStatus.Counters(5, 3, 1, 2, 0, 40, 1, 1)
            )
        ),
        "sync" to Answer(SyncWire.serializer(), ::decodeSync, synced),
        "token" to Answer(
            TokenWire.serializer(),
            { text -> decodeToken(text).let { listOf(it.accessToken, it.expiresAt, it.scope) } },
            listOf("header.claims.signature", soon, listOf("order:create", "bill:create"))
        ),
        "upload" to Answer(UploadWire.serializer(), ::decodeUpload, uploaded),
        "verdict-allowed-offline" to verdict(
            Verdict.Allowed(
                access,
                3,
                soon,
                Mode.OFFLINE,
                Reason.BIN_RANGE,
                "Access granted.",
                FaultCode.NETWORK_UNAVAILABLE,
                ListInfo("18", Duration.ofHours(27), true)
            )
        ),
        "verdict-allowed-online" to verdict(Verdict.Allowed(access, 0, soon, Mode.ONLINE, Reason.SERVER, "Access granted.")),
        "verdict-denied-newer-server" to verdict(
            Verdict.Denied(
                FaultCode.UNRECOGNIZED,
                "WEATHER_TOO_BAD",
                Action.NONE,
                Mode.ONLINE,
                Reason.SERVER,
                "Closed because of the storm."
            )
        ),
        "verdict-denied-offline" to verdict(
            Verdict.Denied(
                FaultCode.LIMIT_EXCEEDED,
                "LIMIT_EXCEEDED",
                Action.NONE,
                Mode.OFFLINE,
                Reason.RECENT_REFUSAL,
                "This card was refused within the last 24 hours.",
                FaultCode.TIMEOUT,
                ListInfo("18", Duration.ofMillis(5_401_500), false)
            )
        ),
        "verdict-denied-online" to verdict(
            Verdict.Denied(
                FaultCode.CARD_ASI_FAILED,
                "CARD_ASI_FAILED",
                Action.PRESENT_CARD_AGAIN,
                Mode.ONLINE,
                Reason.SERVER,
                "Card could not be checked. Present the card again."
            )
        ),
        "verdict-unknown" to
            verdict(Verdict.Unknown(Mode.ONLINE, Reason.NONE, "The server did not answer in time.", FaultCode.TIMEOUT)),
        "void" to Answer(VoidWire.serializer(), { it }, vector("void")),
        "unpair" to Answer(PairingWire.serializer(), { it }, vector("unpair"))
    )

    private fun finding(code: String, severity: Readiness.Severity, message: String, fix: String?) =
        Readiness.Finding(code, severity, message, fix)

    private fun call(status: Int, body: String?, key: String?) =
        Answer(CallWire.serializer(), ::decodeCall, CallAnswer(status, body, key))

    private fun notice(want: Notice) = Answer(NoticeWire.serializer(), { decodeNotice(it)!! }, want)

    private fun record(recorded: Boolean, code: FaultCode?) = Answer(
        RecordWire.serializer(),
        ::decodeRecord,
        CardRecord("CORR-5-1769594520000", access, CardResult.Status.SUCCESS, recorded, code)
    )

    private fun verdict(want: Verdict) = Answer(VerdictWire.serializer(), ::decodeVerdict, want)

    private fun notice(want: StreamNotice) = Answer(StreamNoticeWire.serializer(), ::decodeStreamNotice, want)

    private fun vector(name: String) = File(folder, "$name.json").readText()

    /** What the Kotlin library sends: RequestVectorsTest. */
    private val requests = setOf("card", "card-request", "config", "config-device", "config-pgw", "stream-config")

    @TestFactory
    fun `an answer is read whole`(): List<DynamicTest> = folder.list()!!.map { it.removeSuffix(".json") }
        .filter { it !in requests + "error-info" }.sorted().map { name ->
            dynamicTest(name) {
                val answer = assertNotNull(answers[name], "$name.json is new: say here how it is read").let {
                    answers.getValue(name)
                }
                Json.decodeFromString(answer.wire, vector(name)) // strict
                assertEquals(answer.want, answer.read(vector(name)))
                // What a newer library might add is ignored.
                answer.read(vector(name).replaceFirst("{", """{"newer":{"a":[1]},"""))
            }
        }

    @Test
    fun `every expected answer has a file`() {
        assertEquals(emptySet<String>(), answers.keys - folder.list()!!.map { it.removeSuffix(".json") }.toSet())
    }

    @Test
    fun `an error is read whole`() {
        Json.decodeFromString(ErrorWire.serializer(), vector("error-info"))
        val fault = fault(vector("error-info"), null)
        assertEquals(FaultCode.NOT_PAIRED to Actor.OPERATOR, fault.code to fault.actor)
        assertEquals("pairing: sign: not_paired: pair the terminal first", fault.message)
    }

    @Test
    fun `the payment page gets the very text, and nothing prints the token`() {
        val handover = decodeHandover(vector("handover"))
        assertEquals(vector("handover"), handover.json)
        assertEquals("PaymentHandover(pi_01KG8Z3F0V9T6Q4N2M8X7C5B1A, expiresIn=PT5M)", "$handover")
        assertEquals("PaymentToken", "${PaymentToken("pi_1_secret_0123")}")
        assertEquals("CardAppAnswer(OK)", "${CardAppAnswer(CardAppAnswer.Code.OK, "5555555555554444")}")
        val broken = org.junit.jupiter.api.assertThrows<TerminalException> { decodeHandover("""{"token":"pi_1_secret_0123"}""") }
        assertEquals(false, (broken.stackTraceToString()).contains("secret"))
    }

    @Test
    fun `names that are newer than the app have a place`() {
        val verdict = decodeVerdict(
            """{"v":2,"outcome":"denied","mode":"by_oracle","reason":"stars","code":"","message":"m","action":"pray","onlineError":"no_stars"}"""
        ) as Verdict.Denied
        assertEquals(Mode.UNRECOGNIZED to Reason.UNRECOGNIZED, verdict.mode to verdict.reason)
        assertEquals(Action.UNRECOGNIZED to FaultCode.UNRECOGNIZED, verdict.action to verdict.onlineError)
        assertEquals(Reason.NONE, decodeVerdict("""{"outcome":"perhaps"}""").reason, "an outcome that is none lets nobody in")
        assertEquals(Progress.Kind.UNRECOGNIZED, progressKind("moon"))
        val intent = decodeIntent("""{"intent":{"id":"pi_1","status":"blessed","last_error":{"code":"c","message":"m"}}}""")
        assertEquals(PaymentIntent.Status.UNRECOGNIZED, intent.status)
        assertEquals("c" to "m", intent.errorCode to intent.errorMessage)
        assertEquals(false, intent.status.ended, "what is not known may still be paid")
        assertEquals(CardResult.Status.UNRECOGNIZED, decodeCardResult("""{"corrId":"C","status":"perhaps"}""").status)
        assertEquals(false, decodeRecord("""{"corrId":"C","outcome":"perhaps"}""").recorded)
        assertEquals(Activation.State.UNRECOGNIZED, decodeActivation("""{"status":"blessed"}""").state)
        assertEquals(null, decodeNotice("""{"kind":"weather","sun":true}"""), "a notice of a newer library is passed over")
        val offline = decodeNotice("""{"kind":"offline","code":"moon_phase"}""")
        assertEquals(Notice.Offline(FaultCode.UNRECOGNIZED, "moon_phase", false), offline)
        val broken = org.junit.jupiter.api.assertThrows<TerminalException> { decodeVerdict("""{"pan":"5555555555554444"}""") }
        assertEquals(FaultCode.INTERNAL, broken.code)
        assertEquals(false, (broken.message + broken.cause).contains("5555"))
    }

    private companion object {
        val folder = File(System.getProperty("repository.root"), "mobile/testdata/vectors")
    }
}

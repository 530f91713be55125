package com.smartpos.terminal

import java.io.File
import java.time.Duration
import java.time.Instant
import java.time.format.DateTimeParseException
import java.util.Locale
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json

/** Lenient: a newer library may say more, and may leave out what has a default here. */
internal val lenientJson: Json = Json { ignoreUnknownKeys = true }

private const val MILLIS = 1000

internal fun <T> decode(serializer: KSerializer<T>, text: String): T = try {
    lenientJson.decodeFromString(serializer, text)
} catch (e: SerializationException) {
    // Its message quotes the text.
    throw internalFault(
        "the library's answer cannot be read: is the AAR of another version? ${e::class.java.simpleName}",
        e.withoutText()
    )
}

private fun Exception.withoutText() = IllegalStateException(this::class.java.name).also { it.stackTrace = stackTrace }

/** The value of this name in any case, or the one that stands for names this version does not know. */
internal inline fun <reified T : Enum<T>> lenient(wire: String, unrecognized: T): T =
    enumValues<T>().firstOrNull { it.name == wire.uppercase(Locale.ROOT) } ?: unrecognized

internal fun instant(text: String): Instant = try {
    Instant.parse(text)
} catch (e: DateTimeParseException) {
    throw internalFault("the library's answer has a time that cannot be read", e)
}

private fun seconds(value: Double): Duration = Duration.ofMillis((value * MILLIS).toLong())

internal fun decodeError(text: String): ErrorWire = decode(ErrorWire.serializer(), text)

internal fun decodePairing(text: String): Pairing = decode(PairingWire.serializer(), text).let {
    Pairing(it.serialNumber, it.keyFingerprint)
}

internal fun decodeVerdict(text: String): Verdict {
    val v = decode(VerdictWire.serializer(), text)
    val mode = lenient(v.mode, Mode.UNRECOGNIZED)
    val reason = if (v.reason.isEmpty()) Reason.NONE else lenient(v.reason, Reason.UNRECOGNIZED)
    val onlineError = v.onlineError?.let(FaultCode::of)
    val lists = v.listVersion?.let { ListInfo(it, seconds(v.listAgeSeconds ?: 0.0), v.listOld) }
    return when {
        v.outcome == "allowed" && v.accessId != null && v.expiresAt != null ->
            Verdict.Allowed(v.accessId, v.maxGuests, instant(v.expiresAt), mode, reason, v.message, onlineError, lists)

        v.outcome == "denied" ->
            Verdict.Denied(
                v.code?.let(FaultCode::of),
                v.code,
                lenient(v.action, Action.UNRECOGNIZED),
                mode,
                reason,
                v.message,
                onlineError,
                lists
            )

        else -> Verdict.Unknown(mode, reason, v.message, onlineError, lists)
    }
}

internal fun decodeConfirmation(text: String): Confirmation = decode(ConfirmationWire.serializer(), text).let {
    Confirmation(it.accessId, it.guests, lenient(it.mode, Mode.UNRECOGNIZED), known = it.outcome == "confirmed")
}

internal fun decodeSync(text: String): SyncResult = decode(SyncWire.serializer(), text).result()

private fun SyncWire.result() = SyncResult(whitelist, binRanges, changed, listVersion, generatedAt?.let(::instant))

internal fun decodeUpload(text: String): UploadResult = decode(UploadWire.serializer(), text).result()

private fun UploadWire.result() = UploadResult(uploaded, quarantined, pending)

internal fun decodeDue(text: String): DueResult = decode(DueWire.serializer(), text).let {
    DueResult(
        it.sync?.result(),
        it.upload?.result(),
        it.nextSyncDue?.let(::instant),
        it.cards?.recorded ?: 0,
        it.cards?.unrecorded ?: 0
    )
}

internal fun decodeStatus(text: String): Status = decode(StatusWire.serializer(), text).let {
    Status(
        lenient(it.state, Status.State.UNRECOGNIZED),
        it.serialNumber,
        it.pending,
        it.unknown,
        it.quarantined,
        it.whitelist,
        it.binRanges,
        it.listVersion,
        it.listAgeSeconds?.let(::seconds),
        instant(it.nextSyncDue),
        it.safeToWipe,
        it.activation?.let { state -> lenient(state, Activation.State.UNRECOGNIZED) },
        it.unknownCalls.map { call -> UnknownCall(call.idempotencyKey, call.method, call.path, instant(call.startedAt)) },
        it.unknownCards,
        it.unrecordedCards
    )
}

internal fun decodeReadiness(text: String): Readiness = decode(ReadinessWire.serializer(), text).let { answer ->
    Readiness(
        answer.ready,
        answer.findings.map {
            Readiness.Finding(it.code, lenient(it.severity, Readiness.Severity.UNRECOGNIZED), it.message, it.fix)
        }
    )
}

internal fun decodeExport(text: String): ExportResult = decode(ExportWire.serializer(), text).let {
    ExportResult(it.entries, File(it.file))
}

internal fun progressKind(wire: String): Progress.Kind = lenient(wire, Progress.Kind.UNRECOGNIZED)

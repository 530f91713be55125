package com.smartpos.terminal

import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject

// The JSON of the binding, field by field; Wire.kt makes public types of it.

@Serializable
internal class ErrorWire(
    val v: Int = 1,
    val code: String = "",
    val message: String = "",
    val text: String = "",
    val i18nKey: String = "",
    val actor: String = "",
    val retryable: Boolean = false,
    val needsNetwork: Boolean = false
)

@Serializable
internal class PairingWire(
    val v: Int = 1,
    val status: String = "",
    val serialNumber: String = "",
    val keyFingerprint: String = ""
)

@Serializable
internal class VerdictWire(
    val v: Int = 1,
    val outcome: String,
    val mode: String = "",
    val accessId: String? = null,
    val maxGuests: Int = 0,
    val reason: String = "",
    val code: String? = null,
    val message: String = "",
    val action: String = "none",
    val onlineError: String? = null,
    val listVersion: String? = null,
    val listAgeSeconds: Double? = null,
    val listOld: Boolean = false,
    val expiresAt: String? = null
)

@Serializable
internal class ConfirmationWire(
    val v: Int = 1,
    val outcome: String,
    val mode: String = "",
    val accessId: String = "",
    val guests: Int = 0
)

@Serializable
internal class VoidWire(val v: Int = 1, val outcome: String = "", val accessId: String = "")

@Serializable
internal class SyncWire(
    val v: Int = 1,
    val whitelist: Long = 0,
    val binRanges: Long = 0,
    val changed: Boolean = false,
    val listVersion: String = "",
    val generatedAt: String? = null
)

@Serializable
internal class UploadWire(val v: Int = 1, val uploaded: Int = 0, val quarantined: Int = 0, val pending: Int = 0)

@Serializable
internal class DueWire(
    val v: Int = 1,
    val sync: SyncWire? = null,
    val upload: UploadWire? = null,
    val nextSyncDue: String? = null,
    val cards: CardsDueWire? = null
)

@Serializable
internal class CardsDueWire(val recorded: Int = 0, val unrecorded: Int = 0)

@Serializable
internal class StatusWire(
    val v: Int = 1,
    val state: String = "",
    val serialNumber: String = "",
    val pending: Int = 0,
    val unknown: Int = 0,
    val quarantined: Int = 0,
    val whitelist: Long = 0,
    val binRanges: Long = 0,
    val listVersion: String? = null,
    val listAgeSeconds: Double? = null,
    val nextSyncDue: String,
    val safeToWipe: Boolean = false,
    val activation: String? = null,
    val unknownCalls: List<UnknownCallWire> = emptyList(),
    val unknownCards: Int = 0,
    val unrecordedCards: Int = 0
)

@Serializable
internal class UnknownCallWire(val idempotencyKey: String, val method: String = "", val path: String = "", val startedAt: String)

@Serializable
internal class ReadinessWire(val v: Int = 1, val ready: Boolean = false, val findings: List<FindingWire> = emptyList())

@Serializable
internal class FindingWire(val code: String = "", val severity: String = "", val message: String = "", val fix: String? = null)

@Serializable
internal class ExportWire(val v: Int = 1, val entries: Int = 0, val file: String = "")

@Serializable
internal class DeviceKeyWire(val v: Int = 1, val publicKeyPem: String, val jwk: JsonObject, val keyFingerprint: String = "")

@Serializable
internal class ActivationWire(
    val v: Int = 1,
    val status: String = "",
    val activationCode: String? = null,
    val expiresAt: String? = null,
    val deviceId: String? = null,
    val clientId: String? = null,
    val merchantId: Long? = null,
    val storeId: Long? = null
)

@Serializable
internal class TokenWire(val v: Int = 1, val expiresAt: String, val scope: List<String> = emptyList(), val accessToken: String)

@Serializable
internal class CallWire(val v: Int = 1, val status: Int, val body: JsonElement? = null, val idempotencyKey: String? = null)

@Serializable
internal class NoticeWire(
    val v: Int = 1,
    val kind: String = "",
    val id: String = "",
    val seq: Long = 0,
    val event: String = "",
    val payload: JsonElement? = null,
    val code: String = "",
    val final: Boolean = false
)

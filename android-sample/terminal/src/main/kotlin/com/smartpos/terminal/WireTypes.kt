package com.smartpos.terminal

import kotlinx.serialization.Serializable

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
internal class DueWire(val v: Int = 1, val sync: SyncWire? = null, val upload: UploadWire? = null, val nextSyncDue: String)

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
    val safeToWipe: Boolean = false
)

@Serializable
internal class ReadinessWire(val v: Int = 1, val ready: Boolean = false, val findings: List<FindingWire> = emptyList())

@Serializable
internal class FindingWire(val code: String = "", val severity: String = "", val message: String = "", val fix: String? = null)

@Serializable
internal class ExportWire(val v: Int = 1, val entries: Int = 0, val file: String = "")

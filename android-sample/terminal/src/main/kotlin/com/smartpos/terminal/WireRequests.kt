package com.smartpos.terminal

import java.time.Duration
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonPrimitive

// What goes to the binding: the configuration and a card.

@Serializable
internal class ConfigWire(
    val serialNumber: String,
    val dataDir: String,
    val macs: MacsWire?,
    val device: DeviceConfigWire?,
    val pgw: PgwConfigWire?,
    val whitelistKey: String?,
    val whitelistSecret: String?,
    val timeouts: TimeoutsWire?,
    val offline: OfflineWire?,
    val card: CardConfigWire?,
    val clockOffset: String?
)

@Serializable
internal class MacsWire(val baseUrl: String, val trustedCa: String)

@Serializable
internal class DeviceConfigWire(
    val baseUrl: String,
    val wsUrl: String?,
    val trustedCa: String?,
    val systemRoots: Boolean?,
    val tokenUrl: String?,
    val audience: String?,
    val clientId: String?,
    val bodyFormat: String?,
    val scope: List<String>?,
    val name: String?
)

@Serializable
internal class TimeoutsWire(val online: String)

@Serializable
internal data class OfflineWire(
    val listWarnAge: String? = null,
    val listMaxAge: String? = null,
    val maxGuests: Int? = null,
    val maxPending: Int? = null,
    val perCardPerDay: Int? = null,
    val allowForce: Boolean? = null
)

@Serializable
internal class CardConfigWire(val skipLuhn: Boolean)

// The library has the defaults: what is null is not written.
internal val strictJson = Json { explicitNulls = false }

internal fun encodeConfig(config: ConfigWire): String = strictJson.encodeToString(ConfigWire.serializer(), config)

/** A duration in Go's notation. One beyond its 292 years is left to the library, which refuses it by name. */
internal fun goDuration(duration: Duration): String =
    if (duration.nano == 0) "${duration.seconds}s" else "${duration.toNanos()}ns"

/** The request of a check as bytes, so that they can be overwritten; no string ever holds the digits. */
internal fun encodeCard(card: Card, mode: CheckMode): ByteArray = card.reveal { digits ->
    val head = """{"v":1,"pan":""""
    val tail = buildString {
        append('"')
        card.expiry?.let { append(""","expiry":""").append(JsonPrimitive(it)) }
        card.service?.let { append(""","service":"""").append(it.name).append('"') }
        card.entryMode?.let { append(""","entryMode":"""").append(it.name).append('"') }
        append(""","mode":"""").append(mode.wire).append("\"}")
    }
    val end = tail.toByteArray()
    val request = ByteArray(head.length + digits.size + end.size)
    head.forEachIndexed { i, c -> request[i] = c.code.toByte() }
    // Whatever is no digit becomes an x, which the library refuses, so that it cannot end the string.
    digits.forEachIndexed { i, c -> request[head.length + i] = (if (c in '0'..'9') c else 'x').code.toByte() }
    end.copyInto(request, head.length + digits.size)
    request
}

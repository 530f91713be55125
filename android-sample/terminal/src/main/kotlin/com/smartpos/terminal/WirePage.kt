package com.smartpos.terminal

import java.util.Locale
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

// The JSON between MPACBridge and a web page (protocol section 6).

@Serializable
private class PageRequestWire(val amount: Long, val classificationCode: Int, val authorizationID: String)

internal fun decodePageRequest(text: String): CardRequest = decode(PageRequestWire.serializer(), text).let {
    CardRequest(it.amount, it.classificationCode, it.authorizationID)
}

internal fun encodePageDevice(device: Activation, battery: Int?): String = buildJsonObject {
    put("device_id", device.deviceId)
    put("merchant_id", device.merchantId)
    put("store_id", device.storeId)
    put("battery_level", battery)
}.toString()

/** The result in the words of the contract; null is one that nobody knows. */
internal fun encodePageResult(result: CardResult?): String = buildJsonObject {
    val status = result?.status?.takeIf { it != CardResult.Status.UNRECOGNIZED }
    put("status", status?.name?.lowercase(Locale.ROOT) ?: "unknown")
    put("approval_code", result?.approvalCode)
    put("card_slip_number", result?.cardSlipNumber)
    put("card_last_4", result?.cardLast4)
    put("error_message", result?.errorMessage)
    put("corr_id", result?.corrId)
}.toString()

internal fun encodePageScan(content: String?): String = JsonObject(mapOf("content" to JsonPrimitive(content))).toString()

/** A text as JavaScript reads it; two line ends may stand in a string of JSON, but not in one of older JavaScript. */
internal fun javascriptText(text: String): String =
    JsonPrimitive(text).toString().replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")

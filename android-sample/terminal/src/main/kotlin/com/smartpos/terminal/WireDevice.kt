package com.smartpos.terminal

import kotlinx.serialization.json.JsonPrimitive

// The answers of the device's identity.

internal fun decodeDeviceKey(text: String): DeviceKey = decode(DeviceKeyWire.serializer(), text).let {
    DeviceKey(it.publicKeyPem, it.jwk.toString(), it.keyFingerprint)
}

internal fun decodeActivation(text: String): Activation = decode(ActivationWire.serializer(), text).let {
    Activation(
        lenient(it.status, Activation.State.UNRECOGNIZED),
        it.activationCode,
        it.expiresAt?.let(::instant),
        it.deviceId,
        it.clientId,
        it.merchantId,
        it.storeId
    )
}

internal fun decodeToken(text: String): Token = decode(TokenWire.serializer(), text).let {
    Token(it.accessToken, instant(it.expiresAt), it.scope)
}

internal fun decodeCall(text: String): CallAnswer = decode(CallWire.serializer(), text).let {
    // What is no JSON comes as a string.
    val body = it.body
    CallAnswer(it.status, if (body is JsonPrimitive && body.isString) body.content else body?.toString(), it.idempotencyKey)
}

/** Null for a kind that this version does not know. */
internal fun decodeNotice(text: String): Notice? {
    val n = decode(NoticeWire.serializer(), text)
    return when (n.kind) {
        "online" -> Notice.Online
        "offline" -> Notice.Offline(FaultCode.of(n.code), n.code, n.final)
        "event" -> Notice.Event(n.id, n.seq, n.event, n.payload.toString())
        "resync_required" -> Notice.ResyncRequired
        else -> null
    }
}

package com.smartpos.terminal

import java.time.Instant

/**
 * The device's public key.
 *
 * @property publicKeyPem as PEM text.
 * @property jwk as the JSON text of RFC 7517, for a token server that registers devices by hand.
 * @property keyFingerprint `SHA256:` and base64 of the public key's hash.
 */
public data class DeviceKey(public val publicKeyPem: String, public val jwk: String, public val keyFingerprint: String)

/**
 * An activation as it stands. [toString] leaves the code out.
 *
 * @property code what a person enters in the portal; null unless it is pending.
 * @property expiresAt until when it can be entered; null unless it is pending.
 * @property deviceId the portal's name of this device; null before there is one, as the others.
 */
public data class Activation(
    public val state: State,
    public val code: String?,
    public val expiresAt: Instant?,
    public val deviceId: String?,
    public val clientId: String?,
    public val merchantId: Long?,
    public val storeId: Long?
) {
    override fun toString(): String =
        "Activation(state=$state, expiresAt=$expiresAt, deviceId=$deviceId, merchantId=$merchantId, storeId=$storeId)"

    /** How far an activation is. */
    public enum class State {
        /** No code was asked for yet. */
        NONE,

        /** The code waits to be entered in the portal. */
        PENDING,

        /** Ready. */
        ACTIVE,

        /** The code ran out; the next [Terminal.requestActivation] asks for a new one. */
        EXPIRED,

        /** One that this version does not know. */
        UNRECOGNIZED
    }
}

/**
 * An access token of the device. [toString] leaves it out.
 *
 * @property accessToken what goes after `Bearer `; neither store nor log it.
 * @property expiresAt until when it is good.
 * @property scope what it allows.
 */
public class Token internal constructor(
    public val accessToken: String,
    public val expiresAt: Instant,
    public val scope: List<String>
) {
    override fun toString(): String = "Token(expiresAt=$expiresAt, scope=$scope)"
}

/**
 * What the server answered to a call, whatever the HTTP status says. [toString] leaves the body out, which may hold a payment token.
 *
 * @property status the HTTP status.
 * @property body the body: JSON text, or the text that came in its place; null when there was none.
 * @property idempotencyKey of a call that changes something.
 */
public data class CallAnswer(public val status: Int, public val body: String?, public val idempotencyKey: String?) {
    override fun toString(): String = "CallAnswer(status=$status, idempotencyKey=$idempotencyKey)"
}

/**
 * A call that went out and got no answer yet; [Terminal.resolveCall] asks again. One that is damaged on disk has its key alone.
 *
 * @property idempotencyKey names it.
 * @property startedAt when it first went out.
 */
public data class UnknownCall(
    public val idempotencyKey: String,
    public val method: String,
    public val path: String,
    public val startedAt: Instant
)

/** The paper of the terminal's printer. */
public enum class Paper {
    /** Enough. */
    OK,

    /** Soon at its end. */
    LOW,

    /** None. */
    EMPTY
}

package com.smartpos.terminal

import java.time.Duration
import java.time.Instant

/**
 * The payment token that came with a PaymentIntent. It is good for that PaymentIntent alone, until that ends, and it is a secret:
 * [toString] shows nothing of it. The library keeps it nowhere; hold it in memory until the payment has ended.
 *
 * @param token as the backend gave it, in `payment_token`.
 */
public class PaymentToken(token: String) {
    internal val secret: String = token

    override fun toString(): String = "PaymentToken"
}

/**
 * A payment at the payment gateway, as the gateway tells it; null is what it does not say.
 *
 * @property amount in the currency's smallest unit, which for [currency] `JPY` is yen.
 * @property merchantRefId the name that its maker gave it; for one of svc-smarttab the id of the payment there.
 * @property methodTypes what it may be paid with, such as `qr_mpm`; [methodType] is what it was confirmed with.
 * @property processingMode `pgw_processed`, `external` or `manual`.
 * @property provider who takes the payment, such as `PAYPAY`; [providerTransactionId] is the payment's name there.
 * @property qrContent what the QR code for the customer holds, once it was confirmed with a QR method.
 * @property qrCodeUrl the same, where it is an address.
 * @property cancellationReason `expired` when its time ran out, see [expired].
 * @property errorCode and [errorMessage]: why it failed.
 * @property expiresAt until when it can be paid.
 */
public data class PaymentIntent(
    public val id: String,
    public val status: Status,
    public val amount: Long,
    public val currency: String,
    public val merchantRefId: String? = null,
    public val methodTypes: List<String> = emptyList(),
    public val methodType: String? = null,
    public val processingMode: String? = null,
    public val merchantStoreId: String? = null,
    public val merchantTerminalId: String? = null,
    public val orderId: String? = null,
    public val description: String? = null,
    public val provider: String? = null,
    public val providerTransactionId: String? = null,
    public val qrContent: String? = null,
    public val qrCodeUrl: String? = null,
    public val cancellationReason: String? = null,
    public val errorCode: String? = null,
    public val errorMessage: String? = null,
    public val createdAt: Instant? = null,
    public val expiresAt: Instant? = null,
    public val updatedAt: Instant? = null
) {
    /** Whether it was cancelled because its time ran out: another payment needs a new PaymentIntent. */
    public val expired: Boolean get() = status == Status.CANCELLED && cancellationReason == "expired"

    /** How far a payment is. */
    public enum class Status {
        /** It waits for [Payments.confirm]. */
        REQUIRES_PAYMENT_METHOD,

        /** It waits for the customer: show [qrContent]. */
        REQUIRES_ACTION,

        /** The provider works on it; it cannot be cancelled now. */
        PROCESSING,

        /** Paid. */
        SUCCEEDED,

        /** Not paid, and never will be. */
        FAILED,

        /** Given up, by a caller or because its time ran out. */
        CANCELLED,

        /** One that this version does not know; it has not ended. */
        UNRECOGNIZED
        ;

        /** Whether it changes no more. */
        public val ended: Boolean get() = this == SUCCEEDED || this == FAILED || this == CANCELLED
    }
}

/**
 * What an app passes to the payment page of its WebView. [toString] leaves the token out; neither store nor log [json].
 *
 * @property paymentIntentId which payment.
 * @property expiresIn how long the token is still good.
 * @property json the object as the page takes it, exactly `{"token","payment_intent_id","expires_in"}`, seconds.
 */
public class PaymentHandover internal constructor(
    public val paymentIntentId: String,
    public val expiresIn: Duration,
    public val json: String
) {
    override fun toString(): String = "PaymentHandover($paymentIntentId, expiresIn=$expiresIn)"
}

package com.smartpos.terminal

import java.time.Duration
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable

// The JSON of payments, field by field.

@Serializable
internal class PgwConfigWire(val baseUrl: String, val trustedCa: String?, val systemRoots: Boolean?, val bearer: Boolean?)

@Serializable
internal class IntentAnswerWire(val v: Int = 1, val intent: IntentWire)

@Serializable
internal class IntentWire(
    val id: String,
    val status: String = "",
    val amount: Long = 0,
    val currency: String = "",
    @SerialName("merchant_ref_id") val merchantRefId: String? = null,
    @SerialName("payment_method_types") val methodTypes: List<String> = emptyList(),
    @SerialName("payment_method_type") val methodType: String? = null,
    @SerialName("processing_mode") val processingMode: String? = null,
    @SerialName("merchant_store_id") val merchantStoreId: String? = null,
    @SerialName("merchant_terminal_id") val merchantTerminalId: String? = null,
    @SerialName("order_id") val orderId: String? = null,
    val description: String? = null,
    val provider: String? = null,
    @SerialName("provider_transaction_id") val providerTransactionId: String? = null,
    @SerialName("qr_content") val qrContent: String? = null,
    @SerialName("qr_code_url") val qrCodeUrl: String? = null,
    @SerialName("cancellation_reason") val cancellationReason: String? = null,
    @SerialName("last_error") val lastError: LastErrorWire? = null,
    @SerialName("created_at") val createdAt: String? = null,
    @SerialName("expires_at") val expiresAt: String? = null,
    @SerialName("updated_at") val updatedAt: String? = null
)

@Serializable
internal class LastErrorWire(val code: String = "", val message: String = "")

@Serializable
internal class HandoverWire(
    val token: String,
    @SerialName("payment_intent_id") val paymentIntentId: String,
    @SerialName("expires_in") val expiresIn: Long
)

internal fun decodeIntent(text: String): PaymentIntent = decode(IntentAnswerWire.serializer(), text).intent.let {
    PaymentIntent(
        id = it.id,
        status = lenient(it.status, PaymentIntent.Status.UNRECOGNIZED),
        amount = it.amount,
        currency = it.currency,
        merchantRefId = it.merchantRefId,
        methodTypes = it.methodTypes,
        methodType = it.methodType,
        processingMode = it.processingMode,
        merchantStoreId = it.merchantStoreId,
        merchantTerminalId = it.merchantTerminalId,
        orderId = it.orderId,
        description = it.description,
        provider = it.provider,
        providerTransactionId = it.providerTransactionId,
        qrContent = it.qrContent,
        qrCodeUrl = it.qrCodeUrl,
        cancellationReason = it.cancellationReason,
        errorCode = it.lastError?.code,
        errorMessage = it.lastError?.message,
        createdAt = it.createdAt?.let(::instant),
        expiresAt = it.expiresAt?.let(::instant),
        updatedAt = it.updatedAt?.let(::instant)
    )
}

/** The page gets the text as it came. */
internal fun decodeHandover(text: String): PaymentHandover = decode(HandoverWire.serializer(), text).let {
    PaymentHandover(it.paymentIntentId, Duration.ofSeconds(it.expiresIn), text)
}

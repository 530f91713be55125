package com.smartpos.terminal

import kotlinx.serialization.Serializable

// The JSON of card payments, field by field.

@Serializable
internal class CardRequestWire(
    val v: Int,
    val amount: Long,
    val classificationCode: Int,
    val authorizationID: String,
    val paymentId: String?
)

@Serializable
internal class LaunchWire(
    val v: Int = 1,
    val corrId: String,
    val `package`: String,
    val `class`: String,
    val extras: Map<String, String>
)

@Serializable
internal class CardResultWire(
    val v: Int = 1,
    val corrId: String,
    val status: String,
    val approvalCode: String? = null,
    val cardSlipNumber: String? = null,
    val cardLast4: String? = null,
    val errorMessage: String? = null,
    val paymentId: String? = null,
    val unknown: Map<String, String> = emptyMap()
)

@Serializable
internal class ResolvedCardWire(val v: Int = 1, val corrId: String = "", val status: String = "")

@Serializable
internal class RecordWire(
    val v: Int = 1,
    val corrId: String,
    val paymentId: String = "",
    val status: String = "",
    val outcome: String = "",
    val code: String? = null
)

@Serializable
internal class PendingCardsWire(
    val v: Int = 1,
    val pending: List<PendingCardWire> = emptyList(),
    val unrecorded: List<UnrecordedCardWire> = emptyList()
)

@Serializable
internal class PendingCardWire(
    val corrId: String,
    val amount: Long = 0,
    val state: String = "",
    val startedAt: String,
    val paymentId: String? = null
)

@Serializable
internal class UnrecordedCardWire(
    val corrId: String,
    val amount: Long = 0,
    val status: String = "",
    val paymentId: String = "",
    val closedAt: String,
    val code: String? = null
)

internal fun encodeCardRequest(request: CardRequest): String = request.run {
    strictJson.encodeToString(
        CardRequestWire.serializer(),
        CardRequestWire(1, amount, classificationCode, authorizationId, paymentId)
    )
}

internal fun decodeLaunch(text: String): CardLaunch = decode(LaunchWire.serializer(), text).let {
    CardLaunch(it.corrId, it.`package`, it.`class`, it.extras)
}

private fun cardStatus(wire: String) = lenient(wire, CardResult.Status.UNRECOGNIZED)

internal fun decodeCardResult(text: String): CardResult = decode(CardResultWire.serializer(), text).let {
    CardResult(
        it.corrId,
        cardStatus(it.status),
        it.approvalCode,
        it.cardSlipNumber,
        it.cardLast4,
        it.errorMessage,
        it.paymentId,
        it.unknown
    )
}

internal fun decodeRecord(text: String): CardRecord = decode(RecordWire.serializer(), text).let {
    CardRecord(it.corrId, it.paymentId, cardStatus(it.status), it.outcome == "recorded", it.code?.let(FaultCode::of))
}

internal fun decodePendingCards(text: String): PendingCardPayments = decode(PendingCardsWire.serializer(), text).let { cards ->
    PendingCardPayments(
        cards.pending.map { PendingCardPayments.Unknown(it.corrId, it.amount, instant(it.startedAt), it.paymentId) },
        cards.unrecorded.map {
            PendingCardPayments.Unrecorded(
                it.corrId,
                it.amount,
                cardStatus(it.status),
                it.paymentId,
                instant(it.closedAt),
                it.code?.let(FaultCode::of)
            )
        }
    )
}

package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Terminal as BoundTerminal
import java.time.Instant
import java.util.Locale

/**
 * Card payments through the Credit Card App: [Terminal.cardPayments]. Each is on disk before the app is started and stays there,
 * open, until its result is known, so that none is lost when either app is killed.
 *
 * Threads, suspension and cancellation are those of [Terminal]. Every call throws [TerminalException] with
 * [FaultCode.INVALID_CONFIG] without [TerminalConfig.device], or a fault of the storage.
 */
public class CardPayments internal constructor(private val bound: BoundTerminal, private val calls: Calls) {
    /**
     * Writes a card payment down and gives the Intent for the Credit Card App. Look with `CardApp` whether that app is there before,
     * start it after. Sends nothing.
     *
     * @throws TerminalException with [FaultCode.INVALID_AMOUNT], [FaultCode.INVALID_REQUEST], [FaultCode.NOT_ACTIVATED], or those of
     * [CardPayments].
     */
    public suspend fun encodeRequest(request: CardRequest): CardLaunch =
        calls.run { decodeLaunch(bound.encodeCardRequest(it, encodeCardRequest(request))) }

    /**
     * Closes a card payment with what came back; the result is on disk when it returns. Declined, error and cancelled are results,
     * not exceptions. [corrId] is that of the [CardLaunch]; null, when the app does not know it any more, is the one that is open.
     *
     * With [CardRequest.paymentId] the result goes to the backend from now on; [record] tells whether it is there.
     *
     * @throws TerminalException after which the payment is still open: with [FaultCode.CARD_APP_RESULT_INVALID] for a result that is
     * missing or unreadable, [FaultCode.FOREIGN_CORR_ID] for one of another payment, [FaultCode.PAYMENT_UNKNOWN],
     * [FaultCode.ALREADY_RESOLVED], or those of [CardPayments].
     */
    @JvmOverloads
    public suspend fun decodeResult(answer: CardAppAnswer, corrId: String? = null): CardResult =
        calls.run { decodeCardResult(bound.decodeCardResult(it, corrId.orEmpty(), answer.code.wire, answer.result.orEmpty())) }

    /**
     * The payments whose result is not known, also over a restart, and those that the backend does not have yet. Ask the operator,
     * who has the slip, and [resolve]; do not charge the card again before. Sends nothing.
     */
    public suspend fun pending(): PendingCardPayments = calls.run { decodePendingCards(bound.pendingCardPayments(it)) }

    /**
     * Closes a card payment by the operator's word, on disk when it returns. With [CardRequest.paymentId] the result goes to the
     * backend from now on.
     *
     * @throws TerminalException with [FaultCode.PAYMENT_UNKNOWN], [FaultCode.ALREADY_RESOLVED], [FaultCode.INVALID_REQUEST] for a
     * status that is none, or those of [CardPayments].
     */
    public suspend fun resolve(corrId: String, status: CardResult.Status) {
        calls.run { bound.resolveCardPayment(it, corrId, status.name.lowercase(Locale.ROOT)) }
    }

    /**
     * Records the result in the backend's payment [paymentId]; null is that of the [CardRequest]. It is on disk first. What gets no
     * answer is no exception: [Terminal.runDue], [Terminal.networkAvailable] and the channel coming online try again until the
     * backend has it.
     *
     * @throws TerminalException with [FaultCode.OUTCOME_UNKNOWN] for a payment without a result, [FaultCode.PAYMENT_UNKNOWN],
     * [FaultCode.ALREADY_RESOLVED]; with [FaultCode.CONFLICT], [FaultCode.NOT_FOUND] or [FaultCode.PROTOCOL_ERROR] when the backend
     * refuses it, after which another payment may be named; those of [Terminal.deviceToken] and of [CardPayments].
     */
    @JvmOverloads
    public suspend fun record(corrId: String, paymentId: String? = null): CardRecord =
        calls.run { decodeRecord(bound.recordCardResult(it, corrId, paymentId.orEmpty())) }
}

/**
 * Card payments that somebody should look at, oldest first.
 *
 * @property unknown whose result is not known.
 * @property unrecorded whose result the backend does not have yet.
 */
public data class PendingCardPayments(public val unknown: List<Unknown>, public val unrecorded: List<Unrecorded>) {
    /**
     * A card payment without a result: the card may have been charged.
     *
     * @property amount in yen.
     * @property paymentId the backend's payment, if it was named.
     */
    public data class Unknown(
        public val corrId: String,
        public val amount: Long,
        public val startedAt: Instant,
        public val paymentId: String?
    )

    /**
     * A result on its way to the backend.
     *
     * @property amount in yen.
     * @property code why the backend does not have it; null before the first try.
     */
    public data class Unrecorded(
        public val corrId: String,
        public val amount: Long,
        public val status: CardResult.Status,
        public val paymentId: String,
        public val closedAt: Instant,
        public val code: FaultCode?
    )
}

/**
 * Where the result of a card payment is.
 *
 * @property recorded the backend has it; false: it waits on disk and is tried again.
 * @property code why it waits; null when it is recorded.
 */
public data class CardRecord(
    public val corrId: String,
    public val paymentId: String,
    public val status: CardResult.Status,
    public val recorded: Boolean,
    public val code: FaultCode?
)

package com.smartpos.terminal

/**
 * A card payment to ask the Credit Card App for.
 *
 * @property amount in yen.
 * @property classificationCode the class of the transaction, 1 to 9, as the vendor's contract has it; 5 is a sale.
 * @property authorizationId the contract's `authorizationID`.
 * @property paymentId the backend's payment that the result belongs to: it is recorded there as soon as it is known, also after a
 * kill. Null names it later, at [CardPayments.record].
 */
public data class CardRequest @JvmOverloads constructor(
    public val amount: Long,
    public val classificationCode: Int,
    public val authorizationId: String,
    public val paymentId: String? = null
)

/**
 * An Intent for the Credit Card App, for a payment that is on disk; `CardApp` makes Android's of it.
 *
 * @property corrId names the payment from now on. Save it with the state of the screen that waits.
 * @property packageName and [className]: whom the explicit Intent is for.
 * @property extras its string extras.
 */
public data class CardLaunch(
    public val corrId: String,
    public val packageName: String,
    public val className: String,
    public val extras: Map<String, String>
)

/**
 * What the Credit Card App gave back, unread; `CardApp` makes one of Android's result. [toString] shows the code alone.
 *
 * @property code how it ended.
 * @property result the extra `result`; null when there is none.
 */
public class CardAppAnswer(public val code: Code, public val result: String?) {
    override fun toString(): String = "CardAppAnswer($code)"

    /** Android's result code. */
    public enum class Code(internal val wire: String) {
        /** `RESULT_OK`. */
        OK("ok"),

        /** `RESULT_CANCELED`: also what Android tells of an app that died. */
        CANCELLED("cancelled"),

        /** Any other, which says nothing. */
        OTHER("other")
    }
}

/**
 * How a card payment ended. Codes are texts, since leading zeros count; null is what there is not.
 *
 * @property corrId names the payment.
 * @property approvalCode, [cardSlipNumber] and [cardLast4]: there on success.
 * @property errorMessage the card app's own text.
 * @property paymentId the backend's payment that the result is recorded in.
 * @property unknown fields that this version does not know, as JSON text, for diagnosis.
 */
public data class CardResult(
    public val corrId: String,
    public val status: Status,
    public val approvalCode: String? = null,
    public val cardSlipNumber: String? = null,
    public val cardLast4: String? = null,
    public val errorMessage: String? = null,
    public val paymentId: String? = null,
    public val unknown: Map<String, String> = emptyMap()
) {
    /** How a card payment ended. */
    public enum class Status {
        /** The card was charged. */
        SUCCESS,

        /** The issuer refused; the card was not charged. */
        DECLINED,

        /** The card app failed; the card was not charged. */
        ERROR,

        /** Given up; the card was not charged. */
        CANCELLED,

        /** One that this version does not know. */
        UNRECOGNIZED
    }
}

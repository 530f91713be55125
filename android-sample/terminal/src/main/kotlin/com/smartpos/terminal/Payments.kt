package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Terminal as BoundTerminal

/**
 * Payments at the payment gateway: [Terminal.payments]. Each is named by the id of its PaymentIntent and opened by the token that
 * came with it. With [TerminalConfig.device] svc-smarttab makes both: a [Terminal.call] of POST `/api/v1/payments` with a QR method
 * answers `payment_intent_id` and `payment_token`.
 *
 * Threads, suspension and cancellation are those of [Terminal]. Every call throws [TerminalException] with
 * [FaultCode.INVALID_CONFIG] without [TerminalConfig.pgw], with [FaultCode.INVALID_REQUEST] for an id that can be none, with
 * [FaultCode.TOKEN_INVALID], [FaultCode.PAYMENT_EXPIRED], [FaultCode.NOT_FOUND], or a fault of network or storage; no message holds
 * the token.
 */
public class Payments internal constructor(private val bound: BoundTerminal, private val calls: Calls) {
    /** The payment as it stands. Changes nothing. */
    public suspend fun retrieve(paymentIntentId: String, token: PaymentToken): PaymentIntent =
        calls.run { decodeIntent(bound.retrievePayment(it, paymentIntentId, token.secret)) }

    /**
     * Asks [provider], such as `PAYPAY`, for the payment by [method], such as `qr_mpm`, and gives it with the QR code to show.
     *
     * Its idempotency key is on disk before it goes out: it is confirmed once, however often it is called. After a lost answer or a
     * cancelled call, also after a kill, call it again.
     *
     * @throws TerminalException with [FaultCode.CONFLICT] for a payment that has ended, [FaultCode.PROTOCOL_ERROR] for a method or
     * provider that the gateway does not take, [FaultCode.OUTCOME_UNKNOWN] when no answer came, or those of [Payments].
     */
    public suspend fun confirm(paymentIntentId: String, token: PaymentToken, method: String, provider: String): PaymentIntent =
        calls.run { decodeIntent(bound.confirmPayment(it, paymentIntentId, token.secret, method, provider)) }

    /**
     * Gives the payment up, which is possible until the provider works on it. Calling it again is safe.
     *
     * @throws TerminalException with [FaultCode.CONFLICT] when it is too late, [FaultCode.OUTCOME_UNKNOWN] when no answer came, or
     * those of [Payments].
     */
    public suspend fun cancel(paymentIntentId: String, token: PaymentToken): PaymentIntent =
        calls.run { decodeIntent(bound.cancelPayment(it, paymentIntentId, token.secret)) }

    /**
     * Waits until the payment has ended, and gives it then: it asks every 2 s, 60 times at most. Look at its status, since a payment
     * that failed is no exception. Cancelling the coroutine ends the waiting, not the payment.
     *
     * @throws TerminalException with [FaultCode.TIMEOUT] when it has not ended by then, after which it may be awaited again, or
     * those of [Payments].
     */
    public suspend fun await(paymentIntentId: String, token: PaymentToken): PaymentIntent =
        calls.run { decodeIntent(bound.awaitPayment(it, paymentIntentId, token.secret)) }

    /** What the payment page of a WebView takes, after the gateway was asked whether the token is good. */
    public suspend fun handover(paymentIntentId: String, token: PaymentToken): PaymentHandover =
        calls.run { decodeHandover(bound.paymentHandover(it, paymentIntentId, token.secret)) }
}

package com.smartpos.terminal

import java.io.File
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.future.future

/**
 * The suspending calls of a [Terminal] for Java: each returns at once, and its future completes on a thread of the terminal, where
 * nothing may block. A failed call completes with a [TerminalException] (behind a [CompletionException] in dependent stages);
 * cancelling the future cancels the call. What each call does is said at [Terminal],
 * [Payments] and [CardPayments].
 */
public class TerminalFutures(private val terminal: Terminal) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Unconfined)

    /** See [Terminal.pair]. */
    public fun pair(code: String): CompletableFuture<Pairing> = future { terminal.pair(code) }

    /** See [Terminal.unpair]. */
    public fun unpair(): CompletableFuture<Unit> = future { terminal.unpair() }

    /** See [Terminal.checkEntry]. */
    @JvmOverloads
    public fun checkEntry(card: Card, mode: CheckMode = CheckMode.PREFER_ONLINE): CompletableFuture<Verdict> =
        future { terminal.checkEntry(card, mode) }

    /** See [Terminal.confirmEntry]. */
    public fun confirmEntry(accessId: String, guests: Int): CompletableFuture<Confirmation> =
        future { terminal.confirmEntry(accessId, guests) }

    /** See [Terminal.voidEntry]. */
    public fun voidEntry(accessId: String): CompletableFuture<Unit> = future { terminal.voidEntry(accessId) }

    /** See [Terminal.sync]. */
    public fun sync(): CompletableFuture<SyncResult> = future { terminal.sync() }

    /** See [Terminal.uploadReports]. */
    public fun uploadReports(): CompletableFuture<UploadResult> = future { terminal.uploadReports() }

    /** See [Terminal.runDue]. */
    public fun runDue(): CompletableFuture<DueResult> = future { terminal.runDue() }

    /** See [Terminal.status]. */
    public fun status(): CompletableFuture<Status> = future { terminal.status() }

    /** See [Terminal.readiness]. */
    public fun readiness(): CompletableFuture<Readiness> = future { terminal.readiness() }

    /** See [Terminal.export]. */
    public fun export(file: File): CompletableFuture<ExportResult> = future { terminal.export(file) }

    /** See [Terminal.deviceKey]. */
    public fun deviceKey(): CompletableFuture<DeviceKey> = future { terminal.deviceKey() }

    /** See [Terminal.requestActivation]. */
    public fun requestActivation(): CompletableFuture<Activation> = future { terminal.requestActivation() }

    /** See [Terminal.awaitActivation]. */
    public fun awaitActivation(timeout: Duration): CompletableFuture<Activation> = future { terminal.awaitActivation(timeout) }

    /** See [Terminal.deviceToken]. */
    public fun deviceToken(): CompletableFuture<Token> = future { terminal.deviceToken() }

    /** See [Terminal.call]. */
    @JvmOverloads
    public fun call(
        method: String,
        path: String,
        body: String? = null,
        idempotencyKey: String? = null
    ): CompletableFuture<CallAnswer> = future { terminal.call(method, path, body, idempotencyKey) }

    /** See [Terminal.resolveCall]. */
    public fun resolveCall(idempotencyKey: String): CompletableFuture<CallAnswer> =
        future { terminal.resolveCall(idempotencyKey) }

    /**
     * Connects the channel and tells [listener] of it, one notice after the other, on a thread of the library, until the future is
     * cancelled. It completes as the flow of [Terminal.notices] ends; what the listener threw completes it too.
     */
    public fun notices(listener: NoticeListener): CompletableFuture<Unit> =
        future { terminal.notices().collect { listener.receive(it) } }

    /** See [Terminal.networkAvailable]. */
    public fun networkAvailable(): CompletableFuture<Unit> = future { terminal.networkAvailable() }

    /** See [Terminal.sendStatus]. */
    public fun sendStatus(battery: Int, paper: Paper): CompletableFuture<Unit> = future { terminal.sendStatus(battery, paper) }

    /** See [Payments.retrieve]. */
    public fun retrievePayment(paymentIntentId: String, token: PaymentToken): CompletableFuture<PaymentIntent> =
        future { terminal.payments.retrieve(paymentIntentId, token) }

    /** See [Payments.confirm]. */
    public fun confirmPayment(
        paymentIntentId: String,
        token: PaymentToken,
        method: String,
        provider: String
    ): CompletableFuture<PaymentIntent> = future { terminal.payments.confirm(paymentIntentId, token, method, provider) }

    /** See [Payments.cancel]. */
    public fun cancelPayment(paymentIntentId: String, token: PaymentToken): CompletableFuture<PaymentIntent> =
        future { terminal.payments.cancel(paymentIntentId, token) }

    /** See [Payments.await]. */
    public fun awaitPayment(paymentIntentId: String, token: PaymentToken): CompletableFuture<PaymentIntent> =
        future { terminal.payments.await(paymentIntentId, token) }

    /** See [Payments.handover]. */
    public fun paymentHandover(paymentIntentId: String, token: PaymentToken): CompletableFuture<PaymentHandover> =
        future { terminal.payments.handover(paymentIntentId, token) }

    /** See [CardPayments.encodeRequest]. */
    public fun encodeCardRequest(request: CardRequest): CompletableFuture<CardLaunch> =
        future { terminal.cardPayments.encodeRequest(request) }

    /** See [CardPayments.decodeResult]. */
    @JvmOverloads
    public fun decodeCardResult(answer: CardAppAnswer, corrId: String? = null): CompletableFuture<CardResult> =
        future { terminal.cardPayments.decodeResult(answer, corrId) }

    /** See [CardPayments.pending]. */
    public fun pendingCardPayments(): CompletableFuture<PendingCardPayments> = future { terminal.cardPayments.pending() }

    /** See [CardPayments.resolve]. */
    public fun resolveCardPayment(corrId: String, status: CardResult.Status): CompletableFuture<Unit> =
        future { terminal.cardPayments.resolve(corrId, status) }

    /** See [CardPayments.record]. */
    @JvmOverloads
    public fun recordCardResult(corrId: String, paymentId: String? = null): CompletableFuture<CardRecord> =
        future { terminal.cardPayments.record(corrId, paymentId) }

    private fun <T> future(call: suspend () -> T): CompletableFuture<T> = scope.future { call() }
}

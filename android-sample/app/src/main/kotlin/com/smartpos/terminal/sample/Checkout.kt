package com.smartpos.terminal.sample

import android.content.Intent
import android.os.Bundle
import android.view.View
import com.smartpos.terminal.CardLaunch
import com.smartpos.terminal.CardRequest
import com.smartpos.terminal.CardResult
import com.smartpos.terminal.PaymentToken
import com.smartpos.terminal.PendingCardPayments
import com.smartpos.terminal.android.CardApp
import com.smartpos.terminal.android.CardAppException
import java.util.UUID
import org.json.JSONObject

private const val QR = "qr_mpm"
private const val CARD = "credit_card"

/** What the checkout shows: [qr] for the customer, [launch] the Credit Card App to start, [cards] for the operator to look at. */
data class CheckoutState(val qr: String? = null, val launch: CardLaunch? = null, val cards: PendingCardPayments? = null)

/** The server said no. */
class Refused(val status: Int) : Exception("the server answered $status")

/** Sales: order, bill, and the payment by QR code or card. */
class Checkout(app: SampleApplication) : Model<CheckoutState>(app, CheckoutState()) {
    private var cancelling: (suspend () -> Unit)? = null

    fun pay(amount: Long, method: String) = sell("${UUID.randomUUID()} $amount $method")

    /** Goes on with the sale that a kill or a lost answer cut. */
    fun resume() = app.settings.sale?.let(::sell)

    /** Gives a QR payment up; its outcome comes to the one who waits. */
    fun cancel() = launch { cancelling?.invoke() }

    /** Asks what the operator should look at. */
    override fun refresh() {
        launch {
            val cards = app.terminal().cardPayments.pending()
            change { it.copy(cards = cards) }
        }
    }

    /** The Credit Card App is about to be started, once. */
    fun started() = change { it.copy(launch = null) }

    /** The Credit Card App could not be started: nobody was asked for money. */
    fun notStarted(asked: CardLaunch, why: Throwable) = launch {
        app.terminal().cardPayments.resolve(asked.corrId, CardResult.Status.CANCELLED)
        work { Message("card_app_" + ((why as? CardAppException)?.found ?: CardApp.Found.MISSING).name.lowercase()) }
    }

    /** What the Credit Card App gave back, also to a process that Android made anew: on disk, whatever else is under way. */
    fun returned(resultCode: Int, data: Intent?) {
        launch {
            val cards = app.terminal().cardPayments
            val result = cards.decodeResult(CardApp.answer(resultCode, data), app.settings.cardPayment)
            work {
                cards.record(result.corrId) // what has no answer is tried again by the library
                Message("card_" + result.status.name.lowercase(), listOf(result.approvalCode, result.errorMessage.orEmpty()))
            }
        }
    }

    /** The operator's word about the oldest card payment without a result: the slip tells. */
    fun resolve(charged: Boolean) = work {
        val oldest = now.cards?.unknown?.firstOrNull() ?: return@work null
        val status = if (charged) CardResult.Status.SUCCESS else CardResult.Status.CANCELLED
        app.terminal().cardPayments.resolve(oldest.corrId, status)
        Message("resolved")
    }

    /** [sale] is its key, amount and method. With the same key, everything in it happens once, however often it is asked for. */
    private fun sell(sale: String) = work {
        val (key, amount, method) = sale.split(' ')
        val yen = amount.toLong()
        val cardApp = if (method == CARD) app.settings.cardApp()?.find(app) ?: CardApp.Found.MISSING else CardApp.Found.READY
        if (cardApp != CardApp.Found.READY) return@work Message("card_app_" + cardApp.name.lowercase())
        app.settings.sale = sale
        val item = mapOf("sequence" to 1, "item_name" to "Sale", "quantity" to 1, "unit_price" to yen, "subtotal" to yen)
        val order = post(key, "orders", mapOf("order_type" to "takeaway", "items" to listOf(item))).getString("id")
        val bill = post(key, "bills", mapOf("order_id" to order)).getString("id")
        val payment = post(key, "payments", mapOf("bill_id" to bill, "amount" to yen, "payment_method" to method))
        if (method == CARD) byCard(payment) else byQr(payment)
    }

    private suspend fun post(key: String, what: String, body: Map<String, Any>): JSONObject {
        val answer = app.terminal().call("POST", "/api/v1/$what", JSONObject(body).toString(), "$key-$what")
        if (answer.status !in 200..299) throw Refused(answer.status)
        return JSONObject(answer.body.orEmpty())
    }

    private suspend fun byQr(payment: JSONObject): Message {
        val payments = app.terminal().payments
        val id = payment.getString("payment_intent_id")
        val token = PaymentToken(payment.getString("payment_token"))
        cancelling = { payments.cancel(id, token) }
        try {
            if (!payments.retrieve(id, token).status.ended) {
                val confirmed = payments.confirm(id, token, QR, "PAYPAY")
                change { it.copy(qr = confirmed.qrContent ?: confirmed.qrCodeUrl) }
            }
            val end = payments.await(id, token)
            app.settings.sale = null
            return Message("payment_" + end.status.name.lowercase())
        } finally {
            cancelling = null
            change { it.copy(qr = null) }
        }
    }

    private suspend fun byCard(payment: JSONObject): Message? {
        // Class 5 is a sale; the authorization is the operator's, by the contract of the Credit Card App.
        val request = CardRequest(payment.getLong("amount"), 5, "AUTH01", payment.getString("id"))
        val launch = app.terminal().cardPayments.encodeRequest(request)
        app.settings.cardPayment = launch.corrId
        app.settings.sale = null // from here on the library keeps the payment, and gives no second Intent for it
        change { it.copy(launch = launch) }
        return null
    }
}

/** An amount, by QR code or by card; card payments that the operator has to look at. */
class CheckoutActivity : Screen<CheckoutState>(R.layout.checkout) {
    override val model get() = app.checkout

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        click(R.id.pay_qr) { amount()?.let { model.pay(it, QR) } }
        click(R.id.pay_card) { amount()?.let { model.pay(it, CARD) } }
        click(R.id.resume) { model.resume() }
        click(R.id.charged) { model.resolve(charged = true) }
        click(R.id.not_charged) { model.resolve(charged = false) }
        view<View>(R.id.cancel_payment).setOnClickListener { model.cancel() }
    }

    override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) = model.returned(resultCode, data)

    private fun amount(): Long? = field(R.id.amount).text.toString().toLongOrNull()

    override fun render(now: CheckoutState, working: Boolean) {
        text(R.id.qr, now.qr)
        show(R.id.cancel_payment, now.qr != null)
        show(R.id.resume, !working && app.settings.sale != null)
        val unknown = now.cards?.unknown?.firstOrNull()
        show(R.id.unknown, unknown != null)
        text(R.id.unknown_card, unknown?.let { words(Message("unknown_card", listOf(it.amount, it.startedAt))) })
        text(R.id.unrecorded, now.cards?.unrecorded?.size?.takeIf { it > 0 }?.let { getString(R.string.unrecorded, it) })
        now.launch?.let {
            model.started()
            runCatching { startActivityForResult(checkNotNull(app.settings.cardApp()).intent(this, it), 0) }
                .onFailure { e -> model.notStarted(it, e) } // gone, or replaced, since it was looked for
        }
    }
}

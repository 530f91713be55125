package com.example.till

import android.content.Context
import androidx.activity.result.ActivityResultCaller
import com.smartpos.terminal.CardRequest
import com.smartpos.terminal.CardResult
import com.smartpos.terminal.PaymentIntent
import com.smartpos.terminal.PaymentToken
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.android.CardApp
import com.smartpos.terminal.android.CardAppContract
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.launch
import org.json.JSONObject

/** Takes [yen] for a bill by QR code, which goes to [show]; true when it was paid. */
suspend fun payByQr(terminal: Terminal, billId: String, yen: Long, show: (qrContent: String) -> Unit): Boolean {
    val body = """{"bill_id":"$billId","amount":$yen,"payment_method":"qr_mpm"}"""
    val payment = JSONObject(terminal.call("POST", "/api/v1/payments", body).body!!)
    val intent = payment.getString("payment_intent_id")
    val token = PaymentToken(payment.getString("payment_token")) // a secret: in memory until the payment has ended
    show(terminal.payments.confirm(intent, token, "qr_mpm", "PAYPAY").qrContent!!)
    return terminal.payments.await(intent, token).status == PaymentIntent.Status.SUCCEEDED
}

/** Takes bills by card; made in onCreate of the activity that is [caller]. */
class CardTill(
    caller: ActivityResultCaller,
    scope: CoroutineScope,
    private val terminal: Terminal,
    private val cardApp: CardApp, // CardApp("5F:12:…"), the SHA-256 of the certificate it is signed with
    ended: (CardResult) -> Unit
) {
    private val launcher = caller.registerForActivityResult(CardAppContract(cardApp)) { answer ->
        scope.launch { ended(terminal.cardPayments.decodeResult(answer)) }
    }

    suspend fun pay(context: Context, billId: String, yen: Long) {
        check(cardApp.find(context) == CardApp.Found.READY) { "install the Credit Card App" } // before there is a payment
        val body = """{"bill_id":"$billId","amount":$yen,"payment_method":"credit_card"}"""
        val payment = JSONObject(terminal.call("POST", "/api/v1/payments", body).body!!)
        val request = CardRequest(yen, 5, "AUTH01", paymentId = payment.getString("id"))
        launcher.launch(terminal.cardPayments.encodeRequest(request)) // on disk before the card app is asked
    }
}

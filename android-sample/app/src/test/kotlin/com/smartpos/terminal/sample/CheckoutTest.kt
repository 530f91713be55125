package com.smartpos.terminal.sample

import android.app.Activity
import android.content.Intent
import android.content.pm.PackageInfo
import android.content.pm.Signature
import android.content.pm.SigningInfo
import com.smartpos.terminal.CardLaunch
import com.smartpos.terminal.android.CardApp
import com.smartpos.terminal.text
import java.security.MessageDigest
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.put
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadow.api.Shadow

/** Sales by QR code and by card, by clicks that end in Go; the Credit Card App is posemu's. */
class CheckoutTest : SampleTest() {
    private val signer = Signature(ByteArray(16) { it.toByte() })

    private fun ready() {
        val hash = MessageDigest.getInstance("SHA-256").digest(signer.toByteArray()).joinToString("") { "%02x".format(it) }
        activated {
            it.type(R.id.gateway, emulator.gateway)
            it.type(R.id.card_app, hash)
        }
    }

    private fun install(signature: Signature = signer) {
        val signing = Shadow.newInstanceOf(SigningInfo::class.java)
        shadowOf(signing).setSignatures(arrayOf(signature))
        shadowOf(signing).setPastSigningCertificates(arrayOf(signature))
        val info = PackageInfo().apply {
            packageName = CardApp.PACKAGE
            signingInfo = signing
        }
        shadowOf(app.packageManager).installPackage(info)
    }

    private fun open() = open(CheckoutActivity::class.java)

    private fun Activity.pay(amount: String, button: Int) {
        type(R.id.amount, amount)
        press(button)
    }

    /** The payments of this store at the server, the newest first. */
    private fun payments(): List<JsonObject> = runBlocking {
        val answer = app.terminal().call("GET", "/api/v1/payments").body!!
        Json.parseToJsonElement(answer).jsonObject.getValue("items").jsonArray.map { it.jsonObject }
    }

    private fun untilPaid(status: String) = until("the server has $status") { text(payments().first(), "status") == status }

    private fun qrShown(checkout: Activity): String {
        until("a QR code") { checkout.says(R.id.qr).isNotEmpty() }
        return checkout.says(R.id.qr)
    }

    /** The simulated provider says what became of the newest payment. */
    private fun provider(status: String) = emulator.provider(text(payments().first(), "payment_intent_id"), status)

    /** The Intent that the Credit Card App was started with. */
    private fun started(checkout: Activity): Intent {
        var intent: Intent? = null
        until("the Credit Card App is started") {
            intent = intent ?: shadowOf(checkout).nextStartedActivityForResult?.intent
            intent != null
        }
        assertEquals(CardApp.PACKAGE, intent!!.component!!.packageName)
        return intent!!
    }

    /** What posemu's Credit Card App gives back. */
    private fun decide(decision: String, request: Intent): Intent {
        val launch = CardLaunch("", CardApp.PACKAGE, "", mapOf("request" to request.getStringExtra("request")!!))
        return Intent().putExtra("result", emulator.cardApp(decision, launch))
    }

    /** Android gives a result to whoever stands in the place of the screen that asked, also after a kill. */
    @Suppress("DEPRECATION")
    private fun giveBack(checkout: Activity, result: Intent) =
        shadowOf(checkout).callOnActivityResult(0, Activity.RESULT_OK, result)

    @Test
    fun `a customer pays by QR code, over a rotation`() {
        ready()
        val controller = open()
        controller.get().pay("380", R.id.pay_qr)
        val qr = qrShown(controller.get())
        controller.recreate()
        until("the QR code is still there") { controller.get().says(R.id.qr) == qr }
        provider("SUCCESS")
        until("paid") { controller.get().says(R.id.message) == "Paid." }
        assertEquals("", controller.get().says(R.id.qr))
        untilPaid("completed")
    }

    @Test
    fun `a QR payment is given up by the operator, and one fails at the provider`() {
        ready()
        val checkout = open().get()
        checkout.pay("380", R.id.pay_qr)
        qrShown(checkout)
        checkout.press(R.id.cancel_payment)
        until("cancelled") { checkout.says(R.id.message) == "Payment cancelled." }
        checkout.pay("450", R.id.pay_qr)
        qrShown(checkout)
        provider("FAILED")
        until("failed") { checkout.says(R.id.message) == "Payment failed." }
    }

    @Test
    fun `a QR payment that a kill cut goes on and stays one payment`() {
        ready()
        val before = payments().size
        val first = open().get()
        first.pay("380", R.id.pay_qr)
        val qr = qrShown(first)
        restartProcess()
        val checkout = open().get()
        checkout.press(R.id.resume)
        assertEquals(qr, qrShown(checkout))
        provider("SUCCESS")
        until("paid") { checkout.says(R.id.message) == "Paid." }
        assertEquals(1, payments().size - before)
        assertFalse("nothing is left to go on with", checkout.shows(R.id.resume))
    }

    @Test
    fun `an answer that got lost is asked for again with the same sale`() {
        ready()
        val before = payments().size
        val checkout = open().get()
        emulator.fault("drop_answer") { put("path", "/api/v1/payments") }
        checkout.pay("380", R.id.pay_qr)
        until("unknown") { checkout.shows(R.id.resume) }
        emulator.noFaults()
        checkout.press(R.id.resume)
        qrShown(checkout)
        provider("SUCCESS")
        until("paid") { checkout.says(R.id.message) == "Paid." }
        assertEquals(1, payments().size - before)
    }

    @Test
    fun `a card is charged, and one is declined`() {
        ready()
        install()
        val checkout = open().get()
        checkout.pay("380", R.id.pay_card)
        val request = started(checkout)
        giveBack(checkout, decide("approve", request))
        until("charged") { checkout.says(R.id.message).matches(Regex("Card charged. Approval code .+")) }
        untilPaid("completed")
        checkout.pay("450", R.id.pay_card)
        giveBack(checkout, decide("decline", started(checkout)))
        until("declined") { checkout.says(R.id.message).startsWith("Card declined.") }
        untilPaid("failed")
        until("nothing is open") { !checkout.shows(R.id.unknown) }
    }

    @Test
    fun `a kill while the Credit Card App works, then its result, closes the payment`() {
        ready()
        install()
        val first = open().get()
        first.pay("380", R.id.pay_card)
        val request = started(first)
        restartProcess()
        val checkout = open().get()
        until("it waits") { checkout.says(R.id.unknown_card).startsWith("Card payment of ¥380") }
        giveBack(checkout, decide("approve", request))
        until("charged") { checkout.says(R.id.message).startsWith("Card charged.") }
        until("nothing is open") { !checkout.shows(R.id.unknown) }
        untilPaid("completed")
    }

    @Test
    fun `a kill that cost the result leaves the payment to the operator`() {
        ready()
        install()
        val first = open().get()
        for (amount in listOf("380", "450")) {
            first.pay(amount, R.id.pay_card)
            started(first)
        }
        restartProcess()
        val checkout = open().get()
        until("the oldest first") { checkout.says(R.id.unknown_card).startsWith("Card payment of ¥380") }
        checkout.press(R.id.charged)
        until("then the next") { checkout.says(R.id.unknown_card).startsWith("Card payment of ¥450") }
        checkout.press(R.id.not_charged)
        until("nothing is open") { !checkout.shows(R.id.unknown) }
        until("the server has both") { payments().take(2).map { text(it, "status") } == listOf("cancelled", "completed") }
    }

    @Test
    fun `without the right Credit Card App nobody is asked for money`() {
        ready()
        val before = payments().size
        val checkout = open().get()
        checkout.pay("380", R.id.pay_card)
        until("it is missing") { checkout.says(R.id.message).startsWith("The Credit Card App is not installed") }
        install(Signature(ByteArray(16)))
        checkout.pay("380", R.id.pay_card)
        until("it is another's") { checkout.says(R.id.message).startsWith("The Credit Card App is signed by another") }
        assertNull(shadowOf(checkout).nextStartedActivity)
        assertEquals(before, payments().size)
    }

    @Test
    fun `a Credit Card App that cannot be started costs nobody money`() {
        ready()
        install()
        shadowOf(app).checkActivities(true) // it is another version, without the activity that is asked for
        val checkout = open().get()
        checkout.pay("380", R.id.pay_card)
        until("it is said") { checkout.says(R.id.message).startsWith("The Credit Card App is not installed") }
        untilPaid("cancelled")
        until("nothing is open") { !checkout.shows(R.id.unknown) }
    }

    @Test
    fun `what the server refuses is said`() {
        ready()
        val checkout = open().get()
        checkout.pay("0", R.id.pay_qr)
        until("refused") { checkout.says(R.id.message) == "The server refused: 422" }
    }
}

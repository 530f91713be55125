package com.smartpos.terminal.gates

import android.webkit.WebView
import com.smartpos.terminal.Activation
import com.smartpos.terminal.CardRequest
import com.smartpos.terminal.CardResult
import com.smartpos.terminal.android.MPACBridge
import java.util.function.Consumer

/** An app with a web page, for R8: nothing in it calls what the page calls. */
object Page : MPACBridge.App {
    @JvmStatic
    fun show(webView: WebView) {
        val device = Activation(Activation.State.ACTIVE, null, null, "7f1c1e0a", "pos-1", 1, 2)
        MPACBridge(webView, setOf("https://shop.example"), device, this).attach()
    }

    override fun payByCard(request: CardRequest, answer: Consumer<CardResult?>) = answer.accept(null)

    override fun printReceipt(receiptData: String): Boolean = false

    override fun scanQr(answer: Consumer<String?>): Boolean = false
}

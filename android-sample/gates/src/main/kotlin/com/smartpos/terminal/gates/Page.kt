package com.smartpos.terminal.gates

import android.webkit.WebView
import com.smartpos.terminal.Activation
import com.smartpos.terminal.android.MPACBridge

/** An app with a web page, for R8: nothing in it calls what the page calls. */
object Page {
    @JvmStatic
    fun show(webView: WebView, device: Activation, app: MPACBridge.App) {
        MPACBridge(webView, setOf("https://shop.example"), device, app).attach()
    }
}

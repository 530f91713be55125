package com.smartpos.terminal.android

import android.os.BatteryManager
import android.os.Handler
import android.os.Looper
import android.webkit.JavascriptInterface
import android.webkit.WebView
import com.smartpos.terminal.Activation
import com.smartpos.terminal.CardRequest
import com.smartpos.terminal.CardResult
import com.smartpos.terminal.PaymentHandover
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.decodePageRequest
import com.smartpos.terminal.encodePageDevice
import com.smartpos.terminal.encodePageResult
import com.smartpos.terminal.encodePageScan
import com.smartpos.terminal.javascriptText
import java.time.Duration
import java.util.concurrent.ExecutionException
import java.util.concurrent.FutureTask
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.concurrent.atomic.AtomicBoolean
import java.util.function.Consumer

private const val DEFAULT_PORT = ":443"
private val originText = Regex("https://[a-z0-9.-]+(:[0-9]{1,5})?")
private val functionName = Regex("[A-Za-z_$][A-Za-z0-9_$]{0,99}")

/**
 * The object `MPACBridge` of a web page: device, card payment, printer and scanner. Make one for a WebView on the main thread, then
 * [attach] it.
 *
 * Every call looks whether the page that the WebView shows is of one of [origins]; for any other page it throws, and the page gets
 * an exception. What Android lets it know has limits, and the app must do the rest:
 * - The object is visible to every frame of a page, and only the URL of the whole page can be asked for: a frame of a foreign
 *   origin inside an allowed page can call it. Answers go to the page and never to a frame. Allowed pages must forbid foreign frames
 *   (`Content-Security-Policy: frame-src 'self'`).
 * - While a page is being left, its URL may already be the next one's. Show no foreign page in this WebView:
 *   `shouldOverrideUrlLoading` of its `WebViewClient` returns `!bridge.allows(request.url.toString())`.
 *
 * A page calls on a thread of the WebView; the URL is read on the main thread. A call for which that has no time within 5 s throws, and
 * nothing is done for it; one that has begun is waited for.
 *
 * @param origins whose pages may use it, `https://host[:port]`.
 * @param activation the device as activated; its names go to the page.
 * @throws IllegalArgumentException for an origin of another form.
 */
public class MPACBridge(
    private val webView: WebView,
    origins: Set<String>,
    private val activation: Activation,
    private val app: App
) {
    private val main = Handler(Looper.getMainLooper())
    internal var patience: Duration = Duration.ofSeconds(5)
    private val origins = origins.map { it.lowercase().removeSuffix("/").removeSuffix(DEFAULT_PORT) }

    init {
        require(this.origins.all(originText::matches)) { "an origin is https://host or https://host:port" }
    }

    /** What the app does for a page. */
    public interface App {
        /**
         * Takes a card payment that a page asks for: check the amount, name the payment of the backend, start the Credit Card App.
         * Give [answer] the result, null when it is not known, from any thread. Called on the main thread.
         */
        public fun payByCard(request: CardRequest, answer: Consumer<CardResult?>)

        /** Prints, and tells whether it did. Called on a thread of the WebView, where it may block. */
        public fun printReceipt(receiptData: String): Boolean

        /**
         * Starts a scan, and tells whether it did. Give [answer] what was read, null when nothing was, from any thread. Called on
         * the main thread.
         */
        public fun scanQr(answer: Consumer<String?>): Boolean
    }

    /** Makes the object visible to the pages that the WebView loads from now on. Call it on the main thread. */
    public fun attach() {
        webView.addJavascriptInterface(this, NAME)
    }

    /** Whether a page of this URL may use the bridge. */
    public fun allows(url: String): Boolean = origins.any { url == it || url.startsWith("$it/") }

    /**
     * Calls the page's function [callback] with [handover] as one JSON text. False when the WebView shows a page that may not have
     * it. Call it on the main thread.
     *
     * @throws IllegalArgumentException when [callback] is no plain name of a function.
     */
    public fun handOver(handover: PaymentHandover, callback: String): Boolean = tell(function(callback), handover.json)

    /** For the page: JSON text of `device_id`, `merchant_id`, `store_id`, `battery_level` (percent; null when not known). */
    @JavascriptInterface
    public fun getDeviceInfo(): String = onMain {
        val battery = webView.context.getSystemService(BatteryManager::class.java)
            ?.getIntProperty(BatteryManager.BATTERY_PROPERTY_CAPACITY)
        encodePageDevice(activation, battery?.takeIf { it in 0..100 })
    }

    /**
     * For the page: a card payment. [requestJson] has `amount`, `classificationCode` and `authorizationID`; its `corr_id` and
     * `terminal_id` are not taken, since the library makes them. The page's function [callback] gets one JSON text: the
     * contract's result with `corr_id`, and `status` `unknown` when nobody knows.
     *
     * @throws IllegalArgumentException when the request cannot be read or [callback] is no plain name of a function; nothing was
     * started.
     */
    @JavascriptInterface
    public fun launchCreditCardApp(requestJson: String, callback: String) {
        val function = function(callback)
        onMain {
            val request = try {
                decodePageRequest(requestJson)
            } catch (e: TerminalException) {
                throw IllegalArgumentException("the request has no readable amount, classificationCode and authorizationID", e)
            }
            app.payByCard(request) { answer(function, encodePageResult(it)) }
        }
    }

    /** For the page: prints [receiptData], and tells whether it was printed. */
    @JavascriptInterface
    public fun printReceipt(receiptData: String): Boolean {
        onMain {}
        return app.printReceipt(receiptData)
    }

    /**
     * For the page: starts a scan, and tells whether it was started. The page's function [callback] gets one JSON text,
     * `{"content":"…"}`, null when nothing was read.
     *
     * @throws IllegalArgumentException when [callback] is no plain name of a function.
     */
    @JavascriptInterface
    public fun scanQR(callback: String): Boolean {
        val function = function(callback)
        return onMain { app.scanQr { answer(function, encodePageScan(it)) } }
    }

    // A name of a function and nothing else: a frame must not make the page run a script of its own.
    private fun function(callback: String): String {
        require(functionName.matches(callback)) { "callback must be the name of a function of the page" }
        return callback
    }

    private fun isAllowed(): Boolean = webView.url?.let(::allows) ?: false

    private fun answer(function: String, json: String) {
        main.post { tell(function, json) }
    }

    private fun tell(function: String, json: String): Boolean {
        val allowed = isAllowed()
        if (allowed) {
            webView.evaluateJavascript("$function(${javascriptText(json)})", null)
        }
        return allowed
    }

    /** Looks at the page and does [work] in one step of the main thread, so that the page cannot change in between. */
    private fun <T> onMain(work: () -> T): T {
        val taken = AtomicBoolean() // by the main thread, or back by the page
        val step = FutureTask {
            check(taken.compareAndSet(false, true)) { "the page gave up" }
            if (!isAllowed()) {
                throw SecurityException("MPACBridge is not for this page")
            }
            work()
        }
        if (Looper.getMainLooper().isCurrentThread) step.run() else main.post(step)
        try {
            return step.getPatiently(taken)
        } catch (e: ExecutionException) {
            throw e.cause ?: e
        }
    }

    // What has begun is waited for: a page must not hear that a payment failed which the app goes on with.
    private fun <T> FutureTask<T>.getPatiently(taken: AtomicBoolean): T = try {
        get(patience.toMillis(), TimeUnit.MILLISECONDS)
    } catch (e: TimeoutException) {
        if (taken.compareAndSet(false, true)) {
            throw IllegalStateException("the main thread is busy", e)
        }
        get()
    }

    public companion object {
        /** The object's name in a page. */
        public const val NAME: String = "MPACBridge"
    }
}

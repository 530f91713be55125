package com.smartpos.terminal.android

import android.app.Application
import android.os.BatteryManager
import android.os.Looper
import android.webkit.JavascriptInterface
import android.webkit.WebView
import com.smartpos.terminal.Activation
import com.smartpos.terminal.CardRequest
import com.smartpos.terminal.CardResult
import com.smartpos.terminal.decodeHandover
import java.time.Duration
import java.util.concurrent.Callable
import java.util.concurrent.ExecutionException
import java.util.concurrent.FutureTask
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import java.util.function.Consumer
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/** What a page can do, by the page that the WebView shows. Calls come as a WebView's do, from a thread beside the main one. */
@RunWith(TerminalRunner::class)
class MPACBridgeTest {
    private val context: Application = RuntimeEnvironment.getApplication()
    private val webView = WebView(context)
    private val asked = mutableListOf<Any>()
    private var working: () -> Unit = {}
    private var cardAnswer: Consumer<CardResult?>? = null
    private var scanAnswer: Consumer<String?>? = null

    private val app = object : MPACBridge.App {
        override fun payByCard(request: CardRequest, answer: Consumer<CardResult?>) {
            assertTrue(Looper.getMainLooper().isCurrentThread)
            asked += request
            working()
            cardAnswer = answer
        }

        override fun printReceipt(receiptData: String): Boolean {
            assertFalse("it may block", Looper.getMainLooper().isCurrentThread)
            return asked.add(receiptData)
        }

        override fun scanQr(answer: Consumer<String?>): Boolean {
            assertTrue(Looper.getMainLooper().isCurrentThread)
            scanAnswer = answer
            return asked.add("scan")
        }
    }
    private val device = Activation(Activation.State.ACTIVE, null, null, "7f1c1e0a", "dev-1", 1, 2)
    private val origins = setOf("https://Shop.example:443/", "https://till.example:8443")
    private val bridge = MPACBridge(webView, origins, device, app).apply { attach() }
    private val request =
        """{"corr_id":"CORR-1-0","amount":380,"classificationCode":5,"authorizationID":"AUTH01","terminal_id":"t"}"""

    private fun <T> calling(call: () -> T): FutureTask<T> = FutureTask(Callable(call)).also { Thread(it, "JavaBridge").start() }

    /** Calls as a page does, while the main thread does its work. */
    private fun <T> page(call: () -> T): T {
        val calling = calling(call)
        val end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
        while (!calling.isDone && System.nanoTime() < end) {
            shadowOf(Looper.getMainLooper()).idle()
            Thread.onSpinWait()
        }
        try {
            return calling.get(0, TimeUnit.SECONDS)
        } catch (e: ExecutionException) {
            throw e.cause!!
        }
    }

    private fun lastScript(): String? {
        shadowOf(Looper.getMainLooper()).idle()
        return shadowOf(webView).lastEvaluatedJavascript?.ifEmpty { null }
    }

    /** The script that the page ran since it was last asked about. */
    private fun told(): String? = lastScript().also { webView.evaluateJavascript("", null) }

    /** The one argument of a call of [function], read as JSON. */
    private fun argument(function: String): JsonObject {
        val literal = told()!!.removePrefix("$function(").removeSuffix(")")
        val text = Json.parseToJsonElement(literal).jsonPrimitive
        assertTrue("one text", text.isString)
        return Json.parseToJsonElement(text.content) as JsonObject
    }

    private val calls: Map<String, () -> Any?> = mapOf(
        "getDeviceInfo" to { bridge.getDeviceInfo() },
        "launchCreditCardApp" to { bridge.launchCreditCardApp(request, "paid") },
        "printReceipt" to { bridge.printReceipt("receipt") },
        "scanQR" to { bridge.scanQR("scanned") }
    )

    @Test
    fun `a page sees the four methods under the object's name`() {
        assertSame(bridge, shadowOf(webView).getJavascriptInterface("MPACBridge"))
        val visible = MPACBridge::class.java.methods.filter { it.isAnnotationPresent(JavascriptInterface::class.java) }
        assertEquals(calls.keys, visible.map { it.name }.toSet())
        assertEquals(4, visible.size)
    }

    @Test
    fun `an allowed page is told of the device`() {
        val battery = shadowOf(context.getSystemService(BatteryManager::class.java))
        battery.setIntProperty(BatteryManager.BATTERY_PROPERTY_CAPACITY, 83)
        webView.loadUrl("https://shop.example/till?table=1")
        val told = """{"device_id":"7f1c1e0a","merchant_id":1,"store_id":2,"battery_level":83}"""
        assertEquals(told, page { bridge.getDeviceInfo() })
        assertEquals("the main thread may ask too", told, bridge.getDeviceInfo())
    }

    @Test
    fun `a foreign page is refused everything, whatever it frames`() {
        val foreign = listOf(
            null,
            "about:blank",
            "https://evil.example/?https://shop.example/",
            "https://evil.example/frames-an-allowed-page",
            "https://shop.example.evil.example/",
            "https://shop.example@evil.example/",
            "https://shop.example:444/",
            "https://till.example/",
            "http://shop.example/",
            "data:text/html,<iframe src=https://shop.example/>",
            "file:///sdcard/page.html"
        )
        for (url in foreign) {
            url?.let(webView::loadUrl)
            for ((name, call) in calls) {
                assertThrows("$name at $url", SecurityException::class.java) { page(call) }
            }
            assertFalse(bridge.handOver(decodeHandover(HANDOVER), "pay"))
            url?.let { assertFalse(it, bridge.allows(it)) }
        }
        assertEquals("the app was asked for nothing", emptyList<Any>(), asked)
        assertNull("no page was told anything", told())
    }

    @Test
    fun `a card payment comes back as one text`() {
        webView.loadUrl("https://till.example:8443/")
        page { bridge.launchCreditCardApp(request, "paid") }
        assertEquals("corr_id and terminal_id are the library's", listOf(CardRequest(380, 5, "AUTH01")), asked)
        cardAnswer!!.accept(CardResult("CORR-5-1", CardResult.Status.SUCCESS, "012345", "00123", "0042"))
        assertEquals(
            """{"status":"success","approval_code":"012345","card_slip_number":"00123","card_last_4":"0042",""" +
                """"error_message":null,"corr_id":"CORR-5-1"}""",
            argument("paid").toString()
        )
        cardAnswer!!.accept(CardResult("CORR-5-1", CardResult.Status.DECLINED, errorMessage = "\u2028\"); alert(1); (\""))
        assertFalse("a line end of older JavaScript", '\u2028' in lastScript()!!)
        assertEquals("\u2028\"); alert(1); (\"", argument("paid").getValue("error_message").jsonPrimitive.content)
        cardAnswer!!.accept(null)
        assertEquals("unknown", argument("paid").getValue("status").jsonPrimitive.content)
        cardAnswer!!.accept(CardResult("CORR-5-1", CardResult.Status.UNRECOGNIZED))
        assertEquals("unknown", argument("paid").getValue("status").jsonPrimitive.content)
    }

    @Test
    fun `an answer goes to the page that may have it, and to no other`() {
        webView.loadUrl("https://shop.example/")
        page { bridge.launchCreditCardApp(request, "paid") }
        assertTrue(page { bridge.scanQR("scanned") })
        webView.loadUrl("https://evil.example/")
        cardAnswer!!.accept(CardResult("CORR-5-1", CardResult.Status.SUCCESS, "012345", "00123", "0042"))
        scanAnswer!!.accept("https://qr.example/1")
        assertNull(told())
        webView.loadUrl("https://shop.example/next")
        scanAnswer!!.accept("https://qr.example/1")
        assertEquals("https://qr.example/1", argument("scanned").getValue("content").jsonPrimitive.content)
        scanAnswer!!.accept(null)
        assertEquals("""{"content":null}""", argument("scanned").toString())
    }

    @Test
    fun `a page prints and is told whether it did`() {
        webView.loadUrl("https://shop.example/")
        assertTrue(page { bridge.printReceipt("receipt") })
        assertEquals(listOf<Any>("receipt"), asked)
    }

    @Test
    fun `a payment that has begun is waited for, one that has not is not made any more`() {
        webView.loadUrl("https://shop.example/")
        bridge.patience = Duration.ofMillis(50)
        lateinit var calling: FutureTask<Unit>
        working = { assertThrows("the page waits", TimeoutException::class.java) { calling.get(500, TimeUnit.MILLISECONDS) } }
        calling = calling { bridge.launchCreditCardApp(request, "paid") }
        while (!calling.isDone) shadowOf(Looper.getMainLooper()).idle()
        calling.get()
        assertEquals(1, asked.size)

        val busy = calling { bridge.launchCreditCardApp(request, "paid") }
        val given = assertThrows(ExecutionException::class.java) { busy.get(20, TimeUnit.SECONDS) }
        assertTrue(given.cause is IllegalStateException)
        shadowOf(Looper.getMainLooper()).idle()
        assertEquals(1, asked.size)
    }

    @Test
    fun `a callback is a name and no script, a request is readable`() {
        webView.loadUrl("https://shop.example/")
        for (script in listOf("", "alert(1)//", "a.b", "a b", "a;b", "1a", "é", "a".repeat(101))) {
            assertThrows(script, IllegalArgumentException::class.java) { page { bridge.launchCreditCardApp(request, script) } }
            assertThrows(script, IllegalArgumentException::class.java) { page { bridge.scanQR(script) } }
            assertThrows(script, IllegalArgumentException::class.java) { bridge.handOver(decodeHandover(HANDOVER), script) }
        }
        for (odd in listOf("", "{", "[]", "{}", request.replace("380", "380.5"), request.replace("380", "null"))) {
            assertThrows(odd, IllegalArgumentException::class.java) { page { bridge.launchCreditCardApp(odd, "paid") } }
        }
        assertEquals(emptyList<Any>(), asked)
    }

    @Test
    fun `the payment page gets the handover as it is`() {
        webView.loadUrl("https://shop.example/pay")
        assertTrue(bridge.handOver(decodeHandover(HANDOVER), "pay"))
        assertEquals(HANDOVER, argument("pay").toString())
    }

    @Test
    fun `an origin is one, and encrypted`() {
        for (wrong in listOf("http://shop.example", "https://", "https://shop.example/path", "https://*.example", "*", "")) {
            assertThrows(wrong, IllegalArgumentException::class.java) { MPACBridge(webView, setOf(wrong), device, app) }
        }
    }

    private companion object {
        const val HANDOVER = """{"token":"pi_1_secret_0123","payment_intent_id":"pi_1","expires_in":300}"""
    }
}

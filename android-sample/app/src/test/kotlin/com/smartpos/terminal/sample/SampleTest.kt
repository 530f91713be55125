package com.smartpos.terminal.sample

import android.app.Activity
import android.os.Bundle
import android.os.Looper
import android.view.View
import android.view.ViewGroup
import android.widget.EditText
import android.widget.TextView
import com.smartpos.terminal.Emulator
import com.smartpos.terminal.Pan
import com.smartpos.terminal.android.FakeAndroidKeyStore
import com.smartpos.terminal.android.TerminalRunner
import com.smartpos.terminal.text
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import org.junit.After
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController

/** The app on a desktop JVM, with Go beneath it and an emulator beside it. */
@RunWith(TerminalRunner::class)
abstract class SampleTest {
    protected val app get() = RuntimeEnvironment.getApplication() as SampleApplication
    protected val sn = "SN-APP-" + numbers.incrementAndGet()

    /** Allowed, up to 2 guests. */
    protected val allowed = Pan.fresh()
    private val controllers = mutableListOf<ActivityController<*>>()

    @Before
    fun start() {
        emulator.noFaults()
        FakeAndroidKeyStore.install()
    }

    @After
    fun end() {
        controllers.forEach { it.close() }
        until("the calls are over") {
            listOf(app.gate, app.queue, app.device, app.orders, app.checkout, app.setup).none { it.shown.value.working }
        }
        closeApp()
    }

    /** Opens a screen, with what a screen before it had saved. */
    protected fun <A : Activity> open(screen: Class<A>, saved: Bundle? = null): ActivityController<A> =
        Robolectric.buildActivity(screen).apply { if (saved == null) setup() else setup(saved) }.also(controllers::add)

    /** Closes the app and starts it again, as Android does with a killed one: only disk and saved state are left. */
    protected fun restartProcess() {
        closeApp()
        app.onCreate()
    }

    private fun closeApp() {
        val closing = app.scope.launch { app.close() }
        until("it is closed") { closing.isCompleted }
    }

    /** Fills in the set-up by hand. */
    protected fun save(
        setup: Activity,
        server: String = emulator.url,
        secret: String = emulator.whitelistSecret,
        more: (Activity) -> Unit = {}
    ) {
        setup.type(R.id.server, server)
        setup.type(R.id.serial_number, sn)
        setup.type(R.id.trusted_ca, emulator.caPem)
        setup.type(R.id.whitelist_secret, secret)
        more(setup)
        setup.press(R.id.save)
    }

    /** Fills in the part of the device's identity. */
    protected fun Activity.device() {
        type(R.id.api, emulator.api)
        type(R.id.audience, emulator.issuer)
    }

    /** A device without gate that was set up by clicks, and [more] of it. Its code is entered before the app asks for the first time. */
    protected fun activated(more: (Activity) -> Unit = {}) {
        val setup = open(SetupActivity::class.java).get()
        save(setup, server = "", secret = "") {
            it.device()
            more(it)
        }
        until("saved") { setup.says(R.id.message) == "Saved." }
        emulator.activate(runBlocking { app.terminal().requestActivation().code!! })
        val device = open(DeviceActivity::class.java).get()
        device.press(R.id.activate)
        until("online") { device.says(R.id.channel) == "Channel: online" }
    }

    /** A terminal that was set up and paired by clicks. */
    protected fun paired() {
        val code = emulator.register(sn)
        val setup = open(SetupActivity::class.java).get()
        save(setup)
        until("saved") { setup.says(R.id.message) == "Saved." }
        setup.type(R.id.code, code)
        setup.press(R.id.pair)
        until("paired") { setup.says(R.id.message) == "Paired." }
    }

    /** Lists with one card on them, on this device. */
    protected fun synced() {
        emulator.admin("PUT", "/admin/api/whitelist", """{"pans":["${Pan.LISTED}"]}""")
        val queue = open(QueueActivity::class.java).get()
        queue.press(R.id.sync)
        until("synced") { queue.says(R.id.message).startsWith("Lists are up to date: 1 cards") }
    }

    protected fun check(gate: Activity, pan: String) {
        gate.type(R.id.pan, pan)
        gate.press(R.id.check)
    }

    protected fun until(what: String, done: () -> Boolean) {
        val deadline = System.nanoTime() + 20_000_000_000
        while (true) {
            shadowOf(Looper.getMainLooper()).idle()
            if (done()) return
            check(System.nanoTime() < deadline) { "never: $what" }
            Thread.sleep(5)
        }
    }

    protected fun untilGateSays(gate: Activity, text: String) {
        try {
            until(text) { gate.says(R.id.verdict).contains(text) }
        } catch (e: IllegalStateException) {
            throw AssertionError("the gate says: ${gate.says(R.id.verdict)}", e)
        }
    }

    protected fun Activity.type(id: Int, text: String) = findViewById<EditText>(id).setText(text)

    protected fun Activity.press(id: Int) {
        val button = findViewById<View>(id)
        assertTrue("the button can be pressed", button.isShown && button.isEnabled)
        button.performClick()
    }

    protected fun Activity.lines(id: Int): List<String> =
        findViewById<ViewGroup>(id).run { (0 until childCount).map { (getChildAt(it) as TextView).text.toString() } }

    protected fun Activity.says(id: Int): String = findViewById<TextView>(id).text.toString()

    protected fun Activity.shows(id: Int): Boolean = findViewById<View>(id).visibility == View.VISIBLE

    /** The key that the admin panel shows for a terminal. */
    protected fun Emulator.fingerprint(sn: String): String = admin("GET", "/admin/api/terminals").jsonObject
        .getValue("terminals").jsonArray.map {
            it.jsonObject
        }.first { text(it, "serialNumber") == sn }.let { text(it, "keyFingerprint") }

    /** Presses + until [guests] come along. */
    protected fun Activity.choose(guests: Int) {
        repeat(guests - says(R.id.guests).toInt()) {
            press(R.id.more)
            shadowOf(Looper.getMainLooper()).idle()
        }
    }

    companion object {
        const val ASI_FAILED = "5200000000000015"

        val emulator by lazy { Emulator() }
        private val numbers = AtomicInteger()
    }
}

package com.smartpos.terminal.sample

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.view.WindowManager
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView
import com.smartpos.terminal.Readiness
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/** What a screen shows: its own [value], whether a press of a button is under way, what became of the last one. */
data class Shown<S>(
    val value: S,
    val working: Boolean = false,
    val message: Message? = null,
    val findings: List<Readiness.Finding> = emptyList()
)

/** What a screen shows and does. It belongs to the process, so a call outlives a rotated screen, and the new one finds it. */
abstract class Model<S>(protected val app: SampleApplication, first: S) {
    private val mutable = MutableStateFlow(Shown(first))
    private var running: Job? = null

    val shown: StateFlow<Shown<S>> get() = mutable

    protected val now get() = mutable.value.value
    protected val working get() = mutable.value.working

    /** Tests what the terminal needs: keys, servers, lists, token, channel. */
    fun test() = work {
        val findings = app.terminal().readiness().findings
        mutable.update { it.copy(findings = findings) }
        null
    }

    /** Asks anew for what it shows: when the screen is seen, and after each [work]. */
    open fun refresh() {}

    /** Ends what [keep] keeps, before the terminal is closed. */
    suspend fun stop() {
        running?.cancelAndJoin()
    }

    protected fun change(to: (S) -> S) = mutable.update { it.copy(value = to(it.value)) }

    /** Does [call], whose outcome is the message, unless something is under way. */
    protected fun work(call: suspend () -> Message?) {
        if (working) return
        mutable.update { it.copy(working = true, message = null) }
        launch {
            try {
                val message = call()
                mutable.update { it.copy(message = message) }
            } finally {
                mutable.update { it.copy(working = false) }
                refresh()
            }
        }
    }

    /** Does [call] until the app is closed, in the place of what was kept before. */
    protected fun keep(call: suspend () -> Unit) {
        running?.cancel()
        running = launch(call)
    }

    /** Does [call] beside everything else. */
    protected fun launch(call: suspend () -> Unit): Job = app.scope.launch {
        try {
            call()
        } catch (e: CancellationException) {
            throw e
        } catch (e: Exception) {
            app.queue.note(e)
            failed(e)
        }
    }

    protected open fun failed(e: Exception) = mutable.update { it.copy(message = e.message()) }
}

/** What every screen has: no screenshots, the way to the others, the banner of no network, the outcome of the last press. */
abstract class Screen<S>(private val layout: Int) : Activity() {
    protected val app get() = application as SampleApplication
    protected abstract val model: Model<S>

    private var watching: Job? = null
    private val buttons = mutableListOf<View>()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        window.setFlags(WindowManager.LayoutParams.FLAG_SECURE, WindowManager.LayoutParams.FLAG_SECURE)
        setContentView(R.layout.screen)
        layoutInflater.inflate(layout, view(R.id.content))
        for ((id, screen) in screens) {
            val button = view<View>(id)
            button.isEnabled = javaClass != screen
            button.setOnClickListener { startActivity(Intent(this, screen).addFlags(Intent.FLAG_ACTIVITY_REORDER_TO_FRONT)) }
        }
    }

    override fun onStart() {
        super.onStart()
        model.refresh()
        watching = app.scope.launch {
            launch { app.environment.online.collect { show(R.id.offline_banner, !it) } }
            model.shown.collect { now ->
                buttons.forEach { it.isEnabled = !now.working }
                text(R.id.message, now.message?.let(::words))
                lines(R.id.findings, now.findings.map { words(it.message()) })
                render(now.value, now.working)
            }
        }
    }

    override fun onStop() {
        watching?.cancel()
        super.onStop()
    }

    /** Shows what changed, while the screen is seen. While [working], the buttons of [click] rest. */
    protected abstract fun render(now: S, working: Boolean)

    protected fun click(id: Int, action: () -> Unit) = view<View>(id).let {
        buttons += it
        it.setOnClickListener { action() }
    }

    protected fun <V : View> view(id: Int): V = findViewById(id)

    protected fun field(id: Int): EditText = view(id)

    protected fun text(id: Int, value: String?) {
        view<TextView>(id).text = value.orEmpty()
    }

    protected fun show(id: Int, visible: Boolean) {
        view<View>(id).visibility = if (visible) View.VISIBLE else View.GONE
    }

    /** Fills a list. */
    protected fun lines(id: Int, lines: List<String>) = view<LinearLayout>(id).run {
        removeAllViews()
        for (line in lines) addView(TextView(context, null, 0, R.style.Line).apply { text = line })
    }
}

private val screens = listOf(
    R.id.go_gate to GateActivity::class.java,
    R.id.go_queue to QueueActivity::class.java,
    R.id.go_device to DeviceActivity::class.java,
    R.id.go_orders to OrdersActivity::class.java,
    R.id.go_checkout to CheckoutActivity::class.java,
    R.id.go_setup to SetupActivity::class.java
)

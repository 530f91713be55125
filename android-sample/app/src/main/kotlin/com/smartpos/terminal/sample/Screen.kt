package com.smartpos.terminal.sample

import android.app.Activity
import android.content.Intent
import android.os.Bundle
import android.view.View
import android.view.WindowManager
import kotlinx.coroutines.Job
import kotlinx.coroutines.MainScope
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch

/** What every screen has: no screenshots, the way to the others, the banner that says there is no network. */
abstract class Screen(private val layout: Int) : Activity() {
    protected val app get() = application as SampleApplication

    private val scope = MainScope()
    private var shown: List<Job> = emptyList()

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        window.setFlags(WindowManager.LayoutParams.FLAG_SECURE, WindowManager.LayoutParams.FLAG_SECURE)
        setContentView(layout)
        for ((button, screen) in listOf(
            R.id.go_gate to GateActivity::class.java,
            R.id.go_queue to QueueActivity::class.java,
            R.id.go_setup to SetupActivity::class.java
        )) {
            view<View>(button).isEnabled = javaClass != screen
            click(button) { startActivity(Intent(this, screen).addFlags(Intent.FLAG_ACTIVITY_REORDER_TO_FRONT)) }
        }
    }

    override fun onStart() {
        super.onStart()
        shown = listOf(watch(app.environment.online) { show(R.id.offline_banner, !it) }) + watchers()
    }

    override fun onStop() {
        shown.forEach { it.cancel() }
        super.onStop()
    }

    override fun onDestroy() {
        scope.cancel()
        super.onDestroy()
    }

    /** What the screen shows while it is seen: calls of [watch]. */
    protected abstract fun watchers(): List<Job>

    protected fun <T> watch(values: Flow<T>, render: (T) -> Unit): Job = scope.launch { values.collect { render(it) } }

    protected fun <V : View> view(id: Int): V = findViewById(id)

    protected fun click(id: Int, action: () -> Unit) = view<View>(id).setOnClickListener { action() }

    protected fun show(id: Int, visible: Boolean) {
        view<View>(id).visibility = if (visible) View.VISIBLE else View.GONE
    }
}

package com.smartpos.terminal.sample

import android.os.Bundle
import android.widget.Button
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView
import com.smartpos.terminal.Readiness
import kotlinx.coroutines.Job

/** The set-up: server, serial number, CA and secret; pairing; the self-test. */
class SetupActivity : Screen(R.layout.setup) {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        if (savedInstanceState == null) fill()
        click(R.id.save) {
            val secret = field(R.id.whitelist_secret).text
            app.setup.save(
                field(R.id.server).text.toString().trim(),
                field(R.id.serial_number).text.toString().trim(),
                field(R.id.trusted_ca).text.toString(),
                secret.toString().toByteArray()
            )
            secret.clear()
        }
        click(R.id.pair) {
            app.setup.pair(field(R.id.code).text.toString())
            field(R.id.code).text.clear()
        }
        click(R.id.unpair) { app.setup.unpair() }
        click(R.id.self_test) { app.setup.test() }
    }

    override fun watchers(): List<Job> = listOf(watch(app.setup.state, ::render))

    /** What was saved, else what the debug build knows of the emulator. */
    private fun fill() {
        val known = if (app.settings.server == null) EmulatorParameters.read(this) else null
        field(R.id.server).setText(app.settings.server ?: known?.server ?: getString(R.string.default_server))
        field(R.id.serial_number).setText(app.settings.serialNumber ?: known?.serialNumber)
        field(R.id.trusted_ca).setText(app.settings.trustedCa ?: known?.trustedCa)
        field(R.id.whitelist_secret).setText(known?.whitelistSecret)
    }

    private fun render(state: SetupState) {
        for (button in listOf(R.id.save, R.id.pair, R.id.unpair, R.id.self_test)) view<Button>(button).isEnabled = !state.working
        view<TextView>(R.id.fingerprint).text = state.fingerprint?.let { getString(R.string.fingerprint, it) }
        view<TextView>(R.id.message).text = state.message?.let(::words)
        val list = view<LinearLayout>(R.id.findings)
        list.removeAllViews()
        for (finding in state.findings) {
            val line = TextView(this, null, 0, R.style.Line)
            line.text = listOfNotNull(getString(finding.severity.word) + ": " + finding.message, finding.fix).joinToString("\n")
            list.addView(line)
        }
    }

    private fun field(id: Int): EditText = view(id)

    private val Readiness.Severity.word
        get() = when (this) {
            Readiness.Severity.OK -> R.string.severity_ok
            Readiness.Severity.BLOCKING -> R.string.severity_blocking
            Readiness.Severity.WARNING, Readiness.Severity.UNRECOGNIZED -> R.string.severity_warning
        }
}

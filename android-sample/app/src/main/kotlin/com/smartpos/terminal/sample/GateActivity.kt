package com.smartpos.terminal.sample

import android.os.Bundle
import android.widget.Button
import android.widget.EditText
import android.widget.TextView
import com.smartpos.terminal.Card
import com.smartpos.terminal.EntryMode
import kotlinx.coroutines.Job

/** The gate: a card, the verdict, how many guests, let in. */
class GateActivity : Screen(R.layout.gate) {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        savedInstanceState?.let(app.gate::restore)
        click(R.id.fewer) { app.gate.choose(-1) }
        click(R.id.more) { app.gate.choose(+1) }
        click(R.id.check) {
            val pan = view<EditText>(R.id.pan).text
            app.gate.check(Card(pan, entryMode = EntryMode.MANUAL))
            pan.clear()
        }
        click(R.id.read_card) { app.cardReader?.let(app.gate::read) }
        click(R.id.confirm) { app.gate.confirm() }
        click(R.id.void_entry) { app.gate.void() }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        app.gate.save(outState)
    }

    override fun watchers(): List<Job> {
        show(R.id.read_card, app.cardReader != null)
        return listOf(watch(app.gate.state, ::render))
    }

    private fun render(state: GateState) {
        val verdict = view<TextView>(R.id.verdict)
        verdict.text = listOfNotNull(
            getString(if (state.phase == Phase.ALLOWED && state.offline) R.string.allowed_offline else state.phase.headline),
            state.message?.let(::words),
            if (state.phase == Phase.ALLOWED) resources.getString(R.string.verdict_up_to, state.maxGuests) else null
        ).joinToString("\n")
        verdict.setBackgroundColor(getColor(state.phase.color))
        for (button in listOf(R.id.check, R.id.read_card, R.id.confirm, R.id.void_entry)) {
            view<Button>(button).isEnabled = !state.busy
        }
        show(R.id.entry, state.accessId != null)
        view<TextView>(R.id.guests).text = state.guests.toString()
        view<Button>(R.id.fewer).isEnabled = !state.busy && state.guests > 0
        view<Button>(R.id.more).isEnabled = !state.busy && state.guests < state.maxGuests
    }
}

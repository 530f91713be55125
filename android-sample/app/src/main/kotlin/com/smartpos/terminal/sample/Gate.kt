package com.smartpos.terminal.sample

import android.os.Bundle
import android.view.View
import com.smartpos.terminal.Card
import com.smartpos.terminal.EntryMode
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.Mode
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.Verdict

/** The reader of the device's vendor: implement it over the vendor's SDK, and set [SampleApplication.cardReader]. */
fun interface CardReader {
    /** Suspends until a card is read; null when there is none. Called on the main thread; cancelled, put the reader to rest. */
    suspend fun read(): Card?
}

/** What the gate shows. [accessId] is there while an access waits for its confirmation. */
data class GateState(
    val headline: String = "ready",
    val color: Int = R.color.neutral,
    val message: Message? = null,
    val accessId: String? = null,
    val maxGuests: Int = 0,
    val guests: Int = 0
)

/** After these an access is nothing that could be confirmed any more. */
private val over =
    setOf(FaultCode.ACCESS_NOT_FOUND, FaultCode.ACCESS_EXPIRED, FaultCode.ALREADY_CONFIRMED, FaultCode.ALREADY_REPORTED)

/** The entry at the gate: check, choose guests, confirm. */
class Gate(app: SampleApplication) : Model<GateState>(app, GateState()) {
    /** Checks a card and overwrites it. */
    fun check(card: Card) = act(GateState("checking")) { card.use { app.terminal().decide(it) } }

    /** Waits for a card at the vendor's reader, then checks it. */
    fun read(reader: CardReader) = act(GateState("checking")) {
        val terminal = app.terminal() // without one nobody is asked for a card
        reader.read()?.use { terminal.decide(it) } ?: GateState()
    }

    /** One guest more or fewer, from none to as many as the card allows. */
    fun choose(step: Int) = change { it.copy(guests = (it.guests + step).coerceIn(0, it.maxGuests)) }

    /** Makes the allowed access an entry. Asked again after a kill or a fault, it is still one entry. */
    fun confirm() = finish { terminal, access ->
        val done = terminal.confirmEntry(access, now.guests)
        // Unanswered, it is on disk and asked again with the next upload.
        GateState(if (done.known) "entered" else "entered_unanswered", R.color.allowed)
    }

    /** Takes the allowed access back: nobody entered. */
    fun void() = finish { terminal, access ->
        terminal.voidEntry(access)
        GateState("voided")
    }

    /** Keeps what a killed process needs to confirm: the access itself is on disk, this is its id. No card is in it. */
    fun save(into: Bundle) {
        into.putString("accessId", now.accessId)
        into.putInt("maxGuests", now.maxGuests)
        into.putInt("guests", now.guests)
        into.putBoolean("offline", now.headline == "allowed_offline")
    }

    /** Goes on with what [save] kept, in a process that has done nothing yet. */
    fun restore(from: Bundle) {
        val access = from.getString("accessId")
        if (access == null || now != GateState()) return
        change { allowed(access, from.getInt("maxGuests"), from.getBoolean("offline")).copy(guests = from.getInt("guests")) }
    }

    private fun allowed(access: String, maxGuests: Int, offline: Boolean): GateState {
        val headline = if (offline) "allowed_offline" else "allowed"
        return GateState(headline, R.color.allowed, Message("verdict_up_to", listOf(maxGuests)), access, maxGuests)
    }

    private suspend fun Terminal.decide(card: Card): GateState = when (val verdict = checkEntry(card)) {
        is Verdict.Allowed -> allowed(verdict.accessId, verdict.maxGuests, verdict.mode == Mode.OFFLINE)
        is Verdict.Denied -> GateState("denied", R.color.denied, verdict.message())
        is Verdict.Unknown -> GateState("unknown", R.color.offline, verdict.message())
    }

    private fun finish(call: suspend (Terminal, String) -> GateState) {
        val access = now.accessId ?: return
        act(now.copy(headline = "confirming", color = R.color.neutral, message = null)) { call(app.terminal(), access) }
    }

    private fun act(meanwhile: GateState, call: suspend () -> GateState) {
        if (working) return
        change { meanwhile }
        work {
            val next = call()
            change { next }
            null
        }
    }

    override fun failed(e: Exception) = change {
        val access = if (e is TerminalException && e.code in over) GateState() else it
        access.copy(headline = "failed", color = R.color.offline, message = e.message())
    }
}

/** A card, the verdict, how many guests, let in. */
class GateActivity : Screen<GateState>(R.layout.gate) {
    override val model get() = app.gate

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        savedInstanceState?.let(model::restore)
        click(R.id.fewer) { model.choose(-1) }
        click(R.id.more) { model.choose(+1) }
        click(R.id.check) {
            val pan = field(R.id.pan).text
            model.check(Card(pan, entryMode = EntryMode.MANUAL))
            pan.clear()
        }
        click(R.id.read_card) { app.cardReader?.let(model::read) }
        click(R.id.confirm) { model.confirm() }
        click(R.id.void_entry) { model.void() }
    }

    override fun onSaveInstanceState(outState: Bundle) {
        super.onSaveInstanceState(outState)
        model.save(outState)
    }

    override fun render(now: GateState, working: Boolean) {
        text(R.id.verdict, listOfNotNull(Message(now.headline), now.message).joinToString("\n") { words(it) })
        view<View>(R.id.verdict).setBackgroundColor(getColor(now.color))
        show(R.id.read_card, app.cardReader != null)
        show(R.id.entry, now.accessId != null)
        text(R.id.guests, now.guests.toString())
        view<View>(R.id.fewer).isEnabled = !working && now.guests > 0
        view<View>(R.id.more).isEnabled = !working && now.guests < now.maxGuests
    }
}

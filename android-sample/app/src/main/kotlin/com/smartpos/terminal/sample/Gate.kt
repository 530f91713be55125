package com.smartpos.terminal.sample

import android.os.Bundle
import com.smartpos.terminal.Card
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.Mode
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.Verdict
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/** Where an entry is, with the words and the colour of the gate. */
enum class Phase(val headline: Int, val color: Int) {
    READY(R.string.ready, R.color.neutral),
    CHECKING(R.string.checking, R.color.neutral),
    ALLOWED(R.string.allowed, R.color.allowed),
    DENIED(R.string.denied, R.color.denied),
    UNKNOWN(R.string.unknown, R.color.offline),
    CONFIRMING(R.string.confirming, R.color.neutral),
    ENTERED(R.string.entered, R.color.allowed),

    /** Entered, but the server gave no answer yet: it is on disk and asked again with the next upload. */
    UNANSWERED(R.string.entered_unanswered, R.color.allowed),
    VOIDED(R.string.voided, R.color.neutral),
    FAILED(R.string.failed, R.color.offline)
}

/** What the gate shows. [accessId] is there while an access waits for its confirmation. */
data class GateState(
    val phase: Phase = Phase.READY,
    val message: Message? = null,
    val offline: Boolean = false,
    val accessId: String? = null,
    val maxGuests: Int = 0,
    val guests: Int = 0
) {
    val busy get() = phase == Phase.CHECKING || phase == Phase.CONFIRMING
}

/** The entry at the gate: check, choose guests, confirm. It belongs to the process, so a rotated screen finds it as it was. */
class Gate(private val app: SampleApplication) {
    private val mutable = MutableStateFlow(GateState())
    private var touched = false

    val state: StateFlow<GateState> get() = mutable

    /** Checks a card and overwrites it. */
    fun check(card: Card) = act(GateState(Phase.CHECKING)) { terminal -> check(terminal, card) }

    /** Waits for a card at the vendor's reader, then checks it. */
    fun read(reader: CardReader) = act(GateState(Phase.CHECKING)) { terminal ->
        reader.read()?.let { check(terminal, it) } ?: GateState()
    }

    /** One guest more or fewer, from none to as many as the card allows. */
    fun choose(step: Int) = mutable.update { if (it.busy) it else it.copy(guests = (it.guests + step).coerceIn(0, it.maxGuests)) }

    /** Makes the allowed access an entry. Asked again after a kill or a fault, it is still one entry. */
    fun confirm() {
        val access = mutable.value
        val accessId = access.accessId ?: return
        act(access.copy(phase = Phase.CONFIRMING, message = null)) { terminal ->
            val done = terminal.confirmEntry(accessId, access.guests)
            GateState(if (done.known) Phase.ENTERED else Phase.UNANSWERED, offline = done.mode == Mode.OFFLINE)
        }
    }

    /** Takes the allowed access back: nobody entered. */
    fun void() {
        val access = mutable.value
        val accessId = access.accessId ?: return
        act(access.copy(phase = Phase.CONFIRMING, message = null)) { terminal ->
            terminal.voidEntry(accessId)
            GateState(Phase.VOIDED)
        }
    }

    /** Keeps what a killed process needs to confirm: the access itself is on disk, this is its id. No card is in it. */
    fun save(into: Bundle) {
        val now = mutable.value
        if (now.accessId == null) return
        into.putString("accessId", now.accessId)
        into.putInt("maxGuests", now.maxGuests)
        into.putInt("guests", now.guests)
        into.putBoolean("offline", now.offline)
    }

    /** Goes on with what [save] kept, in a process that has done nothing yet. */
    fun restore(from: Bundle) {
        val accessId = from.getString("accessId")
        if (touched || accessId == null) return
        touched = true
        mutable.value = GateState(
            Phase.ALLOWED,
            offline = from.getBoolean("offline"),
            accessId = accessId,
            maxGuests = from.getInt("maxGuests"),
            guests = from.getInt("guests")
        )
    }

    private suspend fun check(terminal: Terminal, card: Card): GateState = when (
        val verdict = card.use {
            terminal.checkEntry(it)
        }
    ) {
        is Verdict.Allowed -> GateState(
            Phase.ALLOWED,
            offline = verdict.mode == Mode.OFFLINE,
            accessId = verdict.accessId,
            maxGuests = verdict.maxGuests
        )

        is Verdict.Denied -> GateState(Phase.DENIED, verdict.message(), verdict.mode == Mode.OFFLINE)

        is Verdict.Unknown -> GateState(Phase.UNKNOWN, verdict.message())
    }

    private fun act(meanwhile: GateState, work: suspend (Terminal) -> GateState) {
        if (mutable.value.busy) return
        touched = true
        mutable.value = meanwhile
        app.scope.launch {
            mutable.value = try {
                work(app.terminal())
            } catch (e: CancellationException) {
                throw e
            } catch (e: Exception) {
                app.queue.failed(e)
                if (e is TerminalException && e.code in over) {
                    GateState(Phase.FAILED, e.message())
                } else {
                    meanwhile.copy(phase = Phase.FAILED, message = e.message())
                }
            }
        }
    }

    private companion object {
        /** After these an access is nothing that could be confirmed any more. */
        val over =
            setOf(FaultCode.ACCESS_NOT_FOUND, FaultCode.ACCESS_EXPIRED, FaultCode.ALREADY_CONFIRMED, FaultCode.ALREADY_REPORTED)
    }
}

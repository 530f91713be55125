package com.example.gate

import android.content.Context
import com.smartpos.terminal.Card
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalConfig
import com.smartpos.terminal.Verdict
import com.smartpos.terminal.android.AndroidEnvironment
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/** The terminal of this device: open it once and keep it for the life of the process. */
suspend fun openTerminal(context: Context, server: String, caPem: String, secret: ByteArray): Terminal =
    // NonCancellable: a cancelled caller would lose it open.
    withContext(Dispatchers.IO + NonCancellable) {
        val environment = AndroidEnvironment(context)
        val host = environment.host() // keys in Android Keystore, lines to the device's log
        host.keys.importMac("whitelist", secret) // when the device is set up; drop the secret then
        val config = TerminalConfig.Builder("SN-0001", environment.dataFolder)
            .server(server, caPem) // the PEM text of the only CA that is trusted
            .whitelistKey("whitelist")
            .build()
        Terminal.open(config, host)
    }

/** Lets a card in, with as many of its guests as may come along, and gives what to show. */
suspend fun letIn(terminal: Terminal, pan: String, guests: Int): String = when (val verdict = terminal.checkEntry(Card(pan))) {
    is Verdict.Allowed -> {
        val entry = terminal.confirmEntry(verdict.accessId, minOf(guests, verdict.maxGuests))
        "${verdict.text} Guests: ${entry.guests}"
    }

    is Verdict.Denied -> verdict.text

    // or its translation, by verdict.code and verdict.reason
    is Verdict.Unknown -> verdict.text // nobody decided: do not let the card in
}

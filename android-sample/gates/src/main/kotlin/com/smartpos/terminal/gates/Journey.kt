package com.smartpos.terminal.gates

import com.smartpos.terminal.Card
import com.smartpos.terminal.CheckMode
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.JcaKeyHost
import com.smartpos.terminal.Mode
import com.smartpos.terminal.Progress
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalConfig
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.TerminalHost
import com.smartpos.terminal.Verdict
import java.io.File
import kotlin.system.exitProcess
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** From pairing to upload, for a JVM with shrunk classes. Arguments: server, CA, secret, serial number, code, folder, card, listed card. */
object Journey {
    @JvmStatic
    fun main(args: Array<String>) {
        val failed = runCatching { pass(args) }.exceptionOrNull()
        println(failed?.stackTraceToString() ?: "the journey passed")
        // Threads of Go would keep the JVM alive.
        exitProcess(0)
    }

    private fun pass(args: Array<String>) {
        val (server, ca, secret, sn, code) = args
        val (folder, card, listed) = args.drop(5)
        val config = TerminalConfig.Builder(sn, File(folder, "data")).server(server, File(ca).readText()).whitelistSecret(secret)
            .allowForceOffline().build()
        Terminal.open(config, TerminalHost(JcaKeyHost(File(folder, "keys")))).use { terminal ->
            runBlocking {
                // A journey that hangs ends with an exception, not with the test's patience.
                withTimeout(120_000) {
                    check(terminal.pair(code).serialNumber == sn)
                    check(terminal.sync().whitelist == 1L)
                    online(terminal, card)
                    offline(terminal, listed)
                    check(terminal.readiness().ready)
                }
            }
        }
    }

    private suspend fun online(terminal: Terminal, card: String) {
        val allowed = terminal.checkEntry(Card(card)) as Verdict.Allowed
        check(allowed.mode == Mode.ONLINE && allowed.maxGuests == 2)
        check(terminal.confirmEntry(allowed.accessId, 2).known)
        val denied = terminal.checkEntry(Card("5200000000000049")) as Verdict.Denied
        check(denied.code == FaultCode.LIMIT_EXCEEDED)
        try {
            terminal.confirmEntry("no such access", 0)
            error("an access that is not there was confirmed")
        } catch (e: TerminalException) {
            check(e.code == FaultCode.ACCESS_NOT_FOUND)
        }
    }

    private suspend fun offline(terminal: Terminal, card: String) = coroutineScope {
        val allowed = terminal.checkEntry(Card(card), CheckMode.FORCE_OFFLINE) as Verdict.Allowed
        check(terminal.confirmEntry(allowed.accessId, 1).mode == Mode.OFFLINE)
        check(terminal.status().pending == 1)
        val progress = async(start = CoroutineStart.UNDISPATCHED) { terminal.progress.first() }
        check(terminal.uploadReports().uploaded == 1)
        check(progress.await() == Progress(Progress.Kind.UPLOAD, 1))
    }
}

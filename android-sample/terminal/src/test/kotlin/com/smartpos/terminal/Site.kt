package com.smartpos.terminal

import java.io.File
import java.nio.file.Files
import java.time.Duration
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.runBlocking

/** A terminal of a test at an emulator: its folder, its keys, its registration. */
class Site(val emulator: Emulator, val sn: String) : AutoCloseable {
    val folder: File = Files.createTempDirectory("terminal").toFile()
    val keys = JcaKeyHost(File(folder, "keys"))
    val code: String = emulator.register(sn)
    private val opened = mutableListOf<Terminal>()

    fun config(change: TerminalConfig.Builder.() -> Unit = {}): TerminalConfig =
        TerminalConfig.Builder(sn, File(folder, "data")).server(emulator.url, emulator.caPem)
            .whitelistSecret(emulator.whitelistSecret).apply(change).build()

    fun open(keys: KeyHost = this.keys, change: TerminalConfig.Builder.() -> Unit = {}): Terminal =
        Terminal.open(config(change), TerminalHost(keys)).also(opened::add)

    fun paired(change: TerminalConfig.Builder.() -> Unit = {}): Terminal =
        open(change = change).also { runBlocking { it.pair(code) } }

    /** A terminal with the device's identity and the payment gateway. */
    fun device(
        keys: KeyHost = this.keys,
        log: LogSink = LogSink { _, _ -> },
        change: DeviceConfig.Builder.() -> Unit = {}
    ): Terminal {
        val config = TerminalConfig.Builder(sn, File(folder, "data")).device(emulator.device().apply(change).build())
            .pgw(emulator.pgw()).onlineTimeout(Duration.ofSeconds(30)).build()
        return Terminal.open(config, TerminalHost(keys, log)).also(opened::add)
    }

    fun activated(
        keys: KeyHost = this.keys,
        log: LogSink = LogSink { _, _ -> },
        change: DeviceConfig.Builder.() -> Unit = {}
    ): Terminal = device(keys, log, change).also { runBlocking { activate(it) } }

    suspend fun activate(terminal: Terminal): Activation {
        emulator.activate(terminal.requestActivation().code!!)
        return terminal.awaitActivation(Duration.ofSeconds(30))
    }

    /** Puts [pans] on the whitelist of the emulator and a BIN range beside it. */
    fun lists(vararg pans: String) {
        emulator.admin(
            "PUT",
            "/admin/api/whitelist",
            """{"pans":[${pans.joinToString {
                "\"$it\""
            }}],"generate":{"count":1000,"seed":1}}"""
        )
        emulator.admin("PUT", "/admin/api/terminals/$sn/bin-ranges", """{"ranges":[{"from":"540200","to":"540299"}]}""")
    }

    override fun close() {
        opened.forEach { it.close() }
        emulator.noFaults()
        folder.deleteRecursively()
    }
}

/** Cards of the emulator; the two of the lists are known offline. */
object Pan {
    const val ALLOWED = "5555555555554444"
    const val LIMIT_EXCEEDED = "5200000000000049"
    const val LISTED = "5301000000000005"
    const val IN_RANGE = "5402000000000003"
    const val UNKNOWN = "4111111111111111"
    private val made = AtomicInteger()

    /** A card that no test used yet: an allowed check holds its card for two minutes, at every terminal. */
    fun fresh(): String {
        val body = "5310%011d".format(made.incrementAndGet())
        val sum = body.reversed().mapIndexed { i, c -> (c - '0').let { if (i % 2 == 0) it * 2 / 10 + it * 2 % 10 else it } }.sum()
        return body + (10 - sum % 10) % 10
    }
}

/** The fault that [call] fails with. */
fun faultOf(call: suspend () -> Unit): TerminalException = try {
    runBlocking { call() }
    throw AssertionError("the call succeeded")
} catch (e: TerminalException) {
    e
}

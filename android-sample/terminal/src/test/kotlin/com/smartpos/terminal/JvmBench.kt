package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Mobile
import java.io.File
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec
import kotlin.time.measureTime
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test

/** `make jvm-bench`: no test by its name, so that it runs only when it is asked for. */
class JvmBench {
    private val rows = mutableListOf<String>()

    @Test
    fun rows() = Emulator().use { emulator ->
        row("Version, bound", 200_000) { Mobile.version() }
        Site(emulator, "SN-SOFTWARE").use { checks(it, "software keys", null) }
        Site(emulator, "SN-APP").use { checks(it, "keys of the app", WarmKeys(it.keys, emulator.whitelistSecret.toByteArray())) }
        File(System.getProperty("repository.root"), "build/jvm/bench.txt").writeText(rows.joinToString("\n", postfix = "\n"))
    }

    private fun checks(site: Site, whose: String, keys: KeyHost?) {
        site.lists(Pan.LISTED)
        val config = site.config { allowForceOffline() }
        (keys?.let { Terminal.open(config, TerminalHost(it)) } ?: Terminal.openWithSoftwareKeys(config)).use { terminal ->
            runBlocking {
                terminal.pair(site.code)
                terminal.sync()
            }
            row("Status, from a coroutine, $whose", 20_000) { terminal.status() }
            row("OfflineCheck, from a coroutine, $whose", 20_000) {
                Card(Pan.UNKNOWN).use { terminal.checkEntry(it, CheckMode.FORCE_OFFLINE) }
            }
        }
        val bound = Mobile.open(config.json, BoundHost(keys) { _, _ -> })
        row("Status, bound, $whose", 20_000) { bound.status() }
        row("OfflineCheck, bound, $whose", 20_000) {
            bound.checkEntry(null, encodeCard(Card(Pan.UNKNOWN), CheckMode.FORCE_OFFLINE))
        }
        bound.close()
    }

    /** The best of five rounds, after one that warms up, in a coroutine of the pool that apps have for such work. */
    private fun row(name: String, calls: Int, call: suspend () -> Unit) {
        val rounds = List(6) { measureTime { runBlocking(Dispatchers.Default) { repeat(calls) { call() } } } / calls }
        rows += "JVM    %-52s %10.2f µs".format(name, rounds.drop(1).min().inWholeNanoseconds / 1000.0)
    }
}

/** Keys that are read once: what is measured is the way to them, not the disk. */
private class WarmKeys(private val good: KeyHost, secret: ByteArray) : KeyHost by good {
    private val key = SecretKeySpec(secret, "HmacSHA256")

    override fun mac(alias: String, message: ByteArray): ByteArray = if (alias == "journal") {
        good.mac(alias, message)
    } else {
        Mac.getInstance("HmacSHA256").run {
            init(key)
            doFinal(message)
        }
    }
}

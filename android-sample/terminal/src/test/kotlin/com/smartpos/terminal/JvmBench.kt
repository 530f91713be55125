package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Mobile
import java.io.File
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec
import kotlin.time.measureTime
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Test

/** `make jvm-bench`: no test by its name, so that it runs only when it is asked for. */
class JvmBench {
    /** Keys that are read once: what is measured is the way to them, not the disk. */
    private class WarmKeys(private val good: KeyHost, private val secret: ByteArray) : KeyHost by good {
        private val key = SecretKeySpec(secret, "HmacSHA256")

        override fun importMac(alias: String, secret: ByteArray) = good.importMac(alias, secret)

        override fun mac(alias: String, message: ByteArray): ByteArray = if (alias == "journal") {
            good.mac(alias, message)
        } else {
            Mac.getInstance("HmacSHA256").run {
                init(key)
                doFinal(message)
            }
        }
    }

    @Test
    fun rows() = Emulator().use { emulator ->
        Site(emulator, "SN-BENCH").use { site ->
            site.lists(Pan.LISTED)
            val keys = WarmKeys(site.keys, emulator.whitelistSecret.toByteArray())
            val rows = mutableListOf(row("JVM    Version, bound", 200_000) { Mobile.version() })
            site.open(keys) { allowForceOffline() }.use { terminal ->
                runBlocking {
                    terminal.pair(site.code)
                    terminal.sync()
                }
                rows += row("JVM    Status, from Kotlin", 20_000) { runBlocking { terminal.status() } }
                rows += row("JVM    OfflineCheck, from Kotlin", 20_000) {
                    runBlocking { Card(Pan.UNKNOWN).use { terminal.checkEntry(it, CheckMode.FORCE_OFFLINE) } }
                }
            }
            val bound = Mobile.open(site.config { allowForceOffline() }.json, BoundHost(TerminalHost(keys)))
            rows += row("JVM    Status, bound", 20_000) { bound.status() }
            rows += row("JVM    OfflineCheck, bound", 20_000) {
                bound.checkEntry(null, encodeCard(Card(Pan.UNKNOWN), CheckMode.FORCE_OFFLINE))
            }
            bound.close()
            File(System.getProperty("repository.root"), "build/jvm/bench.txt").writeText(rows.joinToString("\n", postfix = "\n"))
        }
    }

    /** The best of five rounds, after one that warms up. */
    private fun row(name: String, calls: Int, call: () -> Unit): String {
        val rounds = List(6) { measureTime { repeat(calls) { call() } } / calls }
        return "%-44s %10.2f µs".format(name, rounds.drop(1).min().inWholeNanoseconds / 1000.0)
    }
}

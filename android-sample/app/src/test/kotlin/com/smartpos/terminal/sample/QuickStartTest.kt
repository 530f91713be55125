package com.smartpos.terminal.sample

import android.content.Context
import com.smartpos.terminal.Card
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalConfig
import com.smartpos.terminal.Verdict
import com.smartpos.terminal.android.AndroidEnvironment
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** The code of docs/sample.md, compiled and run. */
class QuickStartTest : SampleTest() {
    private val code by lazy { emulator.register("SN-0001") }
    private val secret by lazy { emulator.whitelistSecret.toByteArray() }
    private val caPem by lazy { emulator.caPem }
    private val shown = mutableListOf<String>()

    private fun show(text: String) = shown.add(text)

    private suspend fun quickStart(context: Context): Terminal {
        val environment = AndroidEnvironment(context)
        val host = environment.host()
        host.keys.importMac("whitelist", secret)
        val config = TerminalConfig.Builder("SN-0001", environment.dataFolder)
            .server(emulator.url, caPem)
            .whitelistKey("whitelist")
            .build()
        val terminal = Terminal.open(config, host)

        terminal.pair(code)
        when (val verdict = terminal.checkEntry(Card("5555555555554444"))) {
            is Verdict.Allowed -> terminal.confirmEntry(verdict.accessId, guests = 2)
            is Verdict.Denied -> show(verdict.text)
            is Verdict.Unknown -> show(verdict.text)
        }
        return terminal
    }

    @Test
    fun `it gets a verdict and an entry`() {
        runBlocking { withContext(Dispatchers.IO) { quickStart(app).close() } }
        assertEquals(emptyList<String>(), shown)
        assertEquals("2", emulator.entries("SN-0001").single()["guests"].toString())
    }

    @Test
    fun `the page shows the code of this test`() {
        val root = System.getProperty("repository.root")
        val page = File(root, "docs/sample.md").readText().substringAfter("```kotlin\n").substringBefore("```")
        val here = File(
            root,
            "android-sample/app/src/test/kotlin/com/smartpos/terminal/sample/QuickStartTest.kt"
        ).readLines().map {
            it.trim()
        }
        for (line in page.lines().map { it.substringBefore("  //").trim() }.filter { it.isNotEmpty() }) {
            assertTrue(line, line.replace("\"https://10.0.2.2:8444\"", "emulator.url") in here)
        }
    }
}

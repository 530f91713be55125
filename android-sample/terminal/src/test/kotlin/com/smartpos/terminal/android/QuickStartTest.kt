package com.smartpos.terminal.android

import com.example.gate.letIn
import com.example.gate.openTerminal
import com.smartpos.terminal.Emulator
import com.smartpos.terminal.Pan
import java.io.File
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment

/** The README shows QuickStart.kt word for word, and it does what the README says. */
@RunWith(TerminalRunner::class)
class QuickStartTest {
    private val root = File(System.getProperty("repository.root"))

    @Test
    fun `the README shows what is compiled here`() {
        val here = "android-sample/terminal/src/test/kotlin/com/example/gate/QuickStart.kt"
        val code = File(root, here).readText().substringAfter("\n\n")
        assertTrue(File(root, "README.md").readText().contains("```kotlin\n$code```"))
    }

    @Test
    fun `a card gets in with its guests`() = Emulator().use { emulator ->
        FakeAndroidKeyStore.install()
        val code = emulator.register("SN-0001")
        runBlocking {
            val app = RuntimeEnvironment.getApplication()
            val terminal = openTerminal(app, emulator.url, emulator.caPem, emulator.whitelistSecret.toByteArray())
            terminal.pair(code)
            assertEquals("Access granted. Guests: 3", letIn(terminal, Pan.ALLOWED, 5))
            assertEquals("The card has used all its entries.", letIn(terminal, Pan.LIMIT_EXCEEDED, 0))
            withContext(Dispatchers.IO) { terminal.close() }
        }
    }
}

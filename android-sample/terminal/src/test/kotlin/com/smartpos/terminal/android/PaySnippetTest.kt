package com.smartpos.terminal.android

import com.example.till.payByQr
import com.smartpos.terminal.Bill
import com.smartpos.terminal.Emulator
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalConfig
import com.smartpos.terminal.text
import java.io.File
import java.time.Duration
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RuntimeEnvironment

/** docs/kotlin.md shows Pay.kt word for word, and a bill is paid by it. */
@RunWith(TerminalRunner::class)
class PaySnippetTest {
    private val root = File(System.getProperty("repository.root"))

    @Test
    fun `the page shows what is compiled here`() {
        val source = File(root, "android-sample/terminal/src/test/kotlin/com/example/till/Pay.kt").readText()
        val page = File(root, "docs/kotlin.md").readText()
        val (qr, card) = source.substring(source.indexOf("/**")).split("\n\n/** Takes bills")
        assertTrue(page.contains("```kotlin\n$qr\n```"))
        assertTrue(page.contains("```kotlin\n/** Takes bills$card```"))
    }

    @Test
    fun `a bill is paid by QR code`() = Emulator().use { emulator ->
        FakeAndroidKeyStore.install()
        val environment = AndroidEnvironment(RuntimeEnvironment.getApplication())
        val config = TerminalConfig.Builder("SN-TILL", environment.dataFolder).device(emulator.device().build())
            .pgw(emulator.pgw()).onlineTimeout(Duration.ofSeconds(30)).build()
        runBlocking {
            val terminal = withContext(Dispatchers.IO) { Terminal.open(config, environment.host()) }
            emulator.activate(terminal.requestActivation().code!!)
            terminal.awaitActivation(Duration.ofSeconds(30))
            val bill = Bill.at(terminal)
            val paid = payByQr(terminal, bill.id, 380) {
                val intent = emulator.admin("GET", "/admin/api/pgw/intents").jsonObject.getValue("intents").jsonArray.single()
                emulator.provider(text(intent.jsonObject, "id"), "SUCCESS")
            }
            assertTrue(paid)
            bill.awaitPaid()
            withContext(Dispatchers.IO) { terminal.close() }
        }
    }
}

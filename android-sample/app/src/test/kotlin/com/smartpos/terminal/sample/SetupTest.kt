package com.smartpos.terminal.sample

import android.app.job.JobScheduler
import android.widget.EditText
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.PaymentToken
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.android.FakeAndroidKeyStore
import java.io.File
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** Parameters, pairing, self-test, lost keys. */
class SetupTest : SampleTest() {
    @Test
    fun `a terminal is set up, paired and ready`() {
        val code = emulator.register(sn)
        val setup = open(SetupActivity::class.java).get()
        save(setup)
        assertEquals(
            "the secret leaves the screen at once",
            "",
            setup.findViewById<EditText>(R.id.whitelist_secret).text.toString()
        )
        until("saved") { setup.says(R.id.message) == "Saved." }
        setup.press(R.id.self_test)
        until("findings") { setup.lines(R.id.findings).isNotEmpty() }
        assertTrue(
            setup.lines(R.id.findings).first(),
            setup.lines(R.id.findings).first().startsWith("Blocking: The terminal is not paired.\nGet a pairing code")
        )

        setup.type(R.id.code, code)
        setup.press(R.id.pair)
        until("paired") { setup.says(R.id.message) == "Paired." }
        val fingerprint = emulator.fingerprint(sn)
        assertEquals("Key: $fingerprint", setup.says(R.id.fingerprint))
        setup.press(R.id.self_test)
        until("the server answers") {
            setup.lines(R.id.findings).any { it == "OK: The server answers and accepts this terminal." }
        }

        restartProcess()
        val again = open(SetupActivity::class.java).get()
        until("the key is still known") { again.says(R.id.fingerprint) == "Key: $fingerprint" }
        assertEquals(emulator.url, again.says(R.id.server))
        again.press(R.id.unpair)
        until("unpaired") { again.says(R.id.message) == "Unpaired." && again.says(R.id.fingerprint).isEmpty() }
    }

    @Test
    fun `the whitelist secret is in the key store and nowhere else`() {
        paired()
        synced()
        val files = app.dataDir.walk().filter(File::isFile).toList()
        assertTrue(files.any { it.path.contains("no_backup") && it.name.endsWith(".db") })
        for (file in files) {
            assertFalse(file.path, String(file.readBytes(), Charsets.ISO_8859_1).contains(emulator.whitelistSecret))
        }
        val next = open(SetupActivity::class.java).get()
        save(next, secret = "")
        until("the secret in the key store serves on") { next.says(R.id.message) == "Saved." }
    }

    @Test
    fun `wrong parameters are put into words`() {
        val setup = open(SetupActivity::class.java).get()
        save(setup, secret = "")
        until("a secret is asked for") { setup.says(R.id.message) == "The whitelist secret is needed: 32 to 1024 bytes." }
        save(setup, secret = "short")
        until("a short one is refused") { setup.says(R.id.message) == "The whitelist secret is needed: 32 to 1024 bytes." }
        save(setup, server = "htps://typo")
        until("a typo is found") { setup.says(R.id.message) == "The terminal's parameters are wrong. Contact support." }
        save(setup)
        until("and can be mended") { setup.says(R.id.message) == "Saved." }
        setup.type(R.id.code, "123")
        setup.press(R.id.pair)
        until("a code has eight digits") {
            setup.says(R.id.message) ==
                "The pairing code has 8 digits. Check it and type it again."
        }
        setup.type(R.id.code, "00000000")
        setup.press(R.id.pair)
        until("a wrong code is refused") { setup.says(R.id.message).startsWith("Pairing code not accepted.") }
    }

    @Test
    fun `new parameters are in force, whoever uses the terminal meanwhile`() {
        val setup = open(SetupActivity::class.java).get()
        save(setup)
        until("saved") { setup.says(R.id.message) == "Saved." }
        save(setup) { it.type(R.id.gateway, emulator.gateway) }
        until("saved with a gateway") {
            app.queue.refresh()
            setup.says(R.id.message) == "Saved."
        }
        val terminal = app.scope.async { app.terminal() }
        until("nobody waits for it") { terminal.isCompleted }
        val asked = assertThrows(TerminalException::class.java) {
            runBlocking { terminal.await().payments.retrieve("pi_none", PaymentToken("pi_none_secret_0")) }
        }
        assertNotEquals("there is a gateway now", FaultCode.INVALID_CONFIG, asked.code)
    }

    @Test
    fun `a caller who gives up while the terminal opens leaves it to the next`() {
        app.settings.save(
            mapOf(
                Setting.SERIAL_NUMBER to sn,
                Setting.TRUSTED_CA to emulator.caPem,
                Setting.API to emulator.api,
                Setting.AUDIENCE to emulator.issuer
            )
        )
        val first = app.scope.launch { app.terminal() }
        val end = System.nanoTime() + 20_000_000_000
        while (!app.environment.dataFolder.exists() && System.nanoTime() < end) Thread.onSpinWait()
        first.cancel()
        val next = app.scope.async { app.terminal() }
        until("the next has it") { next.isCompleted }
        assertEquals(sn, runBlocking { next.await().status() }.serialNumber)
    }

    @Test
    fun `secrets are overwritten, also when they are refused`() {
        val secrets = List(2) { "short".toByteArray() }
        app.setup.save(mapOf(Setting.SERVER to emulator.url), secrets[0], secrets[1])
        until("it is refused") { app.setup.shown.value.message == Message("secret_needed") }
        for (secret in secrets) assertArrayEquals(ByteArray(5), secret)
    }

    @Test
    fun `keys that the system wiped are reported with the way out`() {
        paired()
        for (alias in listOf("smartpos.macs-pairing", "smartpos.whitelist")) FakeAndroidKeyStore.lose(alias)
        restartProcess()
        val gate = open(GateActivity::class.java).get()
        check(gate, allowed)
        untilGateSays(
            gate,
            "The terminal's key is lost. Unpair it in the admin panel and pair it again; stored entries are kept."
        )
        val setup = open(SetupActivity::class.java).get()
        setup.press(R.id.self_test)
        until("the self-test says so") {
            setup.lines(R.id.findings).any { it.startsWith("Blocking: The terminal's key cannot be used.") }
        }

        emulator.admin("POST", "/admin/api/terminals/$sn/unpair")
        setup.press(R.id.unpair)
        until("unpaired") { setup.says(R.id.message) == "Unpaired." }
        save(setup, secret = "")
        until("the secret is asked for again") { setup.says(R.id.message).startsWith("The whitelist secret is needed") }
        save(setup)
        until("the secret is there again") { setup.says(R.id.message) == "Saved." }
        setup.type(R.id.code, emulator.pairingCode(sn))
        setup.press(R.id.pair)
        until("paired again") { setup.says(R.id.message) == "Paired." }
        check(gate, allowed)
        untilGateSays(gate, "Allowed")
    }

    @Test
    fun `a debug build knows the emulator`() {
        val setup = open(SetupActivity::class.java).get()
        assertEquals("https://10.0.2.2:9443", setup.says(R.id.server))
        assertEquals("SN-FROM-EMULATOR", setup.says(R.id.serial_number))
        assertEquals("CA\nof the emulator", setup.says(R.id.trusted_ca))
        assertEquals("0123456789abcdef0123456789abcdef", setup.says(R.id.whitelist_secret))
        assertEquals("", setup.says(R.id.api))
    }

    @Test
    fun `the job is scheduled by the set-up and comes again after a reboot`() {
        val jobs = app.getSystemService(JobScheduler::class.java)
        assertTrue(jobs.allPendingJobs.isEmpty())
        paired()
        val job = jobs.allPendingJobs.single()
        assertEquals(EntryJob::class.java.name, job.service.className)
        assertTrue(job.isPersisted)
    }
}

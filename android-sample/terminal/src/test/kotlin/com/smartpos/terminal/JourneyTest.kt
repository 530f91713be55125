package com.smartpos.terminal

import app.cash.turbine.test
import java.io.File
import java.time.Duration
import java.time.Instant
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What `make demo` shows, through the binding. */
class JourneyTest {
    @Test
    fun `from pairing to upload`() = Site(emulator, "SN-JOURNEY").use { site ->
        runBlocking {
            val terminal = site.open()
            assertEquals(Status.State.UNPAIRED, terminal.status().state)
            val notReady = terminal.readiness()
            assertFalse(notReady.ready)
            assertEquals("not_paired", notReady.findings.first { it.severity == Readiness.Severity.BLOCKING }.code)

            val pairing = terminal.pair(site.code)
            assertEquals(site.sn, pairing.serialNumber)
            assertTrue(pairing.keyFingerprint.startsWith("SHA256:"))
            assertEquals(Status.State.PAIRED, terminal.status().state)

            site.lists(Pan.LISTED)
            val synced = terminal.sync()
            assertEquals(1001, synced.whitelist)
            assertEquals(1, synced.binRanges)
            assertTrue(synced.changed)
            assertTrue(terminal.readiness().ready)

            val verdict = assertInstanceOf(Verdict.Allowed::class.java, terminal.checkEntry(Card(Pan.ALLOWED)))
            assertEquals(Mode.ONLINE, verdict.mode)
            assertEquals(Reason.SERVER, verdict.reason)
            assertEquals(3, verdict.maxGuests)
            assertTrue(verdict.expiresAt.isAfter(Instant.now().minusSeconds(1)))
            assertNull(verdict.lists)
            val confirmed = terminal.confirmEntry(verdict.accessId, 2)
            assertEquals(Confirmation(verdict.accessId, 2, Mode.ONLINE, known = true), confirmed)

            val denied = assertInstanceOf(Verdict.Denied::class.java, terminal.checkEntry(Card(Pan.LIMIT_EXCEEDED)))
            assertEquals(FaultCode.LIMIT_EXCEEDED, denied.code)
            assertEquals("The card has used all its entries.", denied.text)
            assertEquals(
                Action.PRESENT_CARD_AGAIN,
                assertInstanceOf(Verdict.Denied::class.java, terminal.checkEntry(Card("5200000000000015"))).action
            )

            site.emulator.fault("refuse")
            offline(terminal, Pan.LISTED, Reason.WHITELIST)
            offline(terminal, Pan.IN_RANGE, Reason.BIN_RANGE)
            assertEquals(Reason.NOT_LISTED, terminal.checkEntry(Card(Pan.UNKNOWN)).reason)
            val refused = assertInstanceOf(Verdict.Denied::class.java, terminal.checkEntry(Card(Pan.LIMIT_EXCEEDED)))
            assertEquals(Reason.RECENT_REFUSAL to FaultCode.LIMIT_EXCEEDED, refused.reason to refused.code)
            val nobody = terminal.checkEntry(Card(Pan.LISTED), CheckMode.REQUIRE_ONLINE)
            assertEquals(FaultCode.NETWORK_UNAVAILABLE, assertInstanceOf(Verdict.Unknown::class.java, nobody).onlineError)
            assertEquals(2, terminal.status().pending)

            val export = terminal.export(File(site.folder, "export.json"))
            assertEquals(2, export.entries)
            assertTrue(export.file.length() > 0)

            site.emulator.noFaults()
            val due = terminal.runDue()
            assertNull(due.sync, "the sync of a moment ago stands")
            assertEquals(UploadResult(uploaded = 2, quarantined = 0, pending = 0), due.upload)
            assertEquals(3, site.emulator.entries(site.sn).size)
            assertTrue(terminal.status().safeToWipe)

            terminal.unpair()
            assertEquals(FaultCode.NOT_PAIRED, faultOf { terminal.checkEntry(Card(Pan.ALLOWED)) }.code)
        }
    }

    private suspend fun offline(terminal: Terminal, pan: String, reason: Reason) {
        val verdict = assertInstanceOf(Verdict.Allowed::class.java, terminal.checkEntry(Card(pan)))
        assertEquals(Mode.OFFLINE to reason, verdict.mode to verdict.reason)
        assertEquals(FaultCode.NETWORK_UNAVAILABLE, verdict.onlineError)
        assertTrue(verdict.lists!!.age < Duration.ofMinutes(1))
        val confirmed = terminal.confirmEntry(verdict.accessId, 1)
        assertEquals(Mode.OFFLINE to true, confirmed.mode to confirmed.known)
    }

    @Test
    fun `a confirm without an answer is asked about again`() = Site(emulator, "SN-LOST").use { site ->
        runBlocking {
            val terminal = site.paired()
            val verdict = terminal.checkEntry(Card(Pan.fresh())) as Verdict.Allowed
            site.emulator.fault("drop_answer", site.sn)
            assertFalse(terminal.confirmEntry(verdict.accessId, 1).known)
            assertEquals(1, terminal.status().unknown)
            site.emulator.noFaults()
            terminal.uploadReports()
            assertEquals(0, terminal.status().unknown)
            assertEquals(1, site.emulator.entries(site.sn).size, "asked twice it is one entry")
        }
    }

    @Test
    fun `a voided entry is not reported`() = Site(emulator, "SN-VOID").use { site ->
        runBlocking {
            val terminal = site.paired()
            site.lists(Pan.LISTED)
            terminal.sync()
            site.emulator.fault("reset", site.sn)
            val verdict = terminal.checkEntry(Card(Pan.LISTED)) as Verdict.Allowed
            terminal.confirmEntry(verdict.accessId, 0)
            terminal.voidEntry(verdict.accessId)
            assertEquals(FaultCode.ACCESS_NOT_FOUND, faultOf { terminal.confirmEntry(verdict.accessId, 0) }.code)
            site.emulator.noFaults()
            assertEquals(0, terminal.uploadReports().uploaded)
        }
    }

    @Test
    fun `software keys need no key store and are there again after a restart`() = Site(emulator, "SN-FILES").use { site ->
        runBlocking {
            val lines = mutableListOf<String>()
            Terminal.openWithSoftwareKeys(site.config()) { _, line -> synchronized(lines) { lines += line } }.use {
                it.pair(site.code)
                assertTrue(it.checkEntry(Card(Pan.fresh())) is Verdict.Allowed)
            }
            assertTrue(synchronized(lines) { lines.isNotEmpty() })
            Terminal.openWithSoftwareKeys(site.config()).use { assertTrue(it.checkEntry(Card(Pan.fresh())) is Verdict.Allowed) }
        }
        val withAlias = TerminalConfig.Builder(
            site.sn,
            site.folder
        ).server(emulator.url, emulator.caPem).whitelistKey("whitelist").build()
        val fault = faultOf { Terminal.openWithSoftwareKeys(withAlias) }
        assertEquals(FaultCode.INVALID_CONFIG, fault.code, "there is no key store that an alias could be of")
    }

    @Test
    fun `sync and upload tell how far they are`() = Site(emulator, "SN-PROGRESS").use { site ->
        runBlocking {
            val terminal = site.paired()
            site.lists(Pan.LISTED)
            terminal.progress.test {
                terminal.sync()
                var last = awaitItem()
                while (last != Progress(Progress.Kind.WHITELIST, 1001)) {
                    last = awaitItem()
                }
                cancelAndIgnoreRemainingEvents()
            }
        }
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

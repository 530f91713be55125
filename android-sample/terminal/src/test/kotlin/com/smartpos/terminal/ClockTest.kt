package com.smartpos.terminal

import java.io.File
import java.time.Duration
import java.time.LocalDate
import java.time.ZoneOffset
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** A device in another time zone, and one whose clock was moved. */
class ClockTest {
    private fun listed(site: Site) = site.paired { allowForceOffline().perCardPerDay(1) }.also {
        site.lists(Pan.LISTED)
        runBlocking { it.sync() }
    }

    private suspend fun offline(terminal: Terminal, pan: String = Pan.LISTED) =
        terminal.checkEntry(Card(pan), CheckMode.FORCE_OFFLINE)

    @Test
    fun `in another time zone a card has no other day, and a sync is due at the same moment`() =
        Site(emulator, "SN-ZONE").use { site ->
            val due = runBlocking {
                listed(site).use { terminal ->
                    val access = offline(terminal) as Verdict.Allowed
                    terminal.confirmEntry(access.accessId, 0)
                    terminal.status().nextSyncDue
                }
            }
            val ca = File(site.folder, "ca.pem").apply { writeText(emulator.caPem) }
            // 25 hours lie between the two, so it is never the same day in both.
            val days = listOf("Pacific/Kiritimati", "Pacific/Pago_Pago").map { zone ->
                val child = childJvm(
                    TellTime::class.java.name,
                    site.sn,
                    site.folder.path,
                    emulator.url,
                    ca.path,
                    emulator.whitelistSecret,
                    zone = zone
                )
                val said = child.inputStream.bufferedReader().readLines()
                assertEquals(listOf("due $due", "card LIMIT", "card BIN_RANGE"), said.drop(1), zone)
                said.first()
            }
            assertTrue(days.toSet().size == 2 && days.any { it != "day ${LocalDate.now(ZoneOffset.UTC)}" }, "$days")
        }

    @Test
    fun `with a clock put forward the lists are too old until a sync tells the time`() =
        Site(emulator, "SN-FORWARD").use { site ->
            listed(site).close()
            val terminal = site.open { allowForceOffline().clockOffset(Duration.ofDays(3)) }
            runBlocking {
                assertEquals(Reason.LIST_STALE, offline(terminal).reason)
                assertTrue(terminal.status().listAge!! > Duration.ofDays(2))
                assertTrue(terminal.runDue().sync != null, "a sync is due")
                assertEquals(Reason.WHITELIST, offline(terminal).reason)
                assertTrue(terminal.status().listAge!! < Duration.ofHours(1))
                assertTrue(terminal.checkEntry(Card(Pan.fresh())) is Verdict.Allowed, "the server takes its signature")
            }
        }

    @Test
    fun `with a clock put back nothing gets younger`() = Site(emulator, "SN-BACK").use { site ->
        runBlocking {
            listed(site).use { terminal ->
                val access = offline(terminal) as Verdict.Allowed
                terminal.confirmEntry(access.accessId, 0)
            }
            val terminal = site.open { allowForceOffline().perCardPerDay(1).clockOffset(Duration.ofDays(-3)) }
            assertEquals(Reason.LIMIT, offline(terminal).reason, "it is no other day")
            assertEquals(Reason.BIN_RANGE, offline(terminal, Pan.IN_RANGE).reason)
            assertTrue(terminal.status().listAge!! >= Duration.ZERO)
            assertTrue(terminal.readiness().findings.any { it.code.startsWith("clock") && it.severity != Readiness.Severity.OK })
            assertEquals(0, terminal.uploadReports().pending)
        }
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

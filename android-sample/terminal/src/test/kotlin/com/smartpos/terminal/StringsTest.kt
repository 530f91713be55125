package com.smartpos.terminal

import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** Texts that a C string or a careless encoding would break cross both ways. */
class StringsTest {
    @Test
    fun `a serial number comes back as it went`() = Site(emulator, "SN-TEXT").use { site ->
        for (sn in listOf("😀 ターミナル", "a\u0000b", "\"quoted\\", "é".repeat(32))) {
            val config = TerminalConfig.Builder(
                sn,
                File(site.folder, "data-${sn.hashCode()}")
            ).server(emulator.url, emulator.caPem)
                .whitelistSecret(emulator.whitelistSecret).build()
            Terminal.open(config, TerminalHost(site.keys)).use { assertEquals(sn, runBlocking { it.status() }.serialNumber) }
        }
    }

    @Test
    fun `what no server gave is not found`() = Site(emulator, "SN-ODD").use { site ->
        val terminal = site.paired()
        for (id in listOf("", "\u0000", "😀", "x".repeat(100_000), "\uD83D")) {
            assertEquals(FaultCode.ACCESS_NOT_FOUND, faultOf { terminal.confirmEntry(id, 0) }.code)
        }
    }

    @Test
    fun `digits that are none are an invalid card`() = Site(emulator, "SN-DIGITS").use { site ->
        val terminal = site.paired()
        for (pan in listOf("", "٥٥٥٥٥٥٥٥٥٥٥٥٤٤٤٤", "555555555555\u00004444", "5555555555554444\"}", "\uD83D\uDE00")) {
            assertEquals(FaultCode.INVALID_CARD, faultOf { terminal.checkEntry(Card(pan)) }.code)
        }
        assertEquals(FaultCode.INVALID_CARD, faultOf { terminal.checkEntry(Card(Pan.ALLOWED, expiry = "\"😀\u0000")) }.code)
        val used = Card(Pan.ALLOWED).apply { close() }
        assertEquals(FaultCode.INVALID_CARD, faultOf { terminal.checkEntry(used) }.code)
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

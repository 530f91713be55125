package com.smartpos.terminal

import java.io.File
import java.lang.management.ManagementFactory
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class LoadTest {
    @Test
    fun `eight threads call ten thousand times each`() = Site(emulator, "SN-LOAD").use { site ->
        val terminal = site.paired { allowForceOffline() }
        site.lists(Pan.LISTED)
        runBlocking { terminal.sync() }
        val right = AtomicInteger()
        val threads = List(8) { i ->
            thread {
                runBlocking {
                    repeat(10_000) { n ->
                        val ok = if ((n + i) % 2 == 0) {
                            terminal.status().serialNumber == site.sn
                        } else {
                            terminal.checkEntry(Card(Pan.UNKNOWN), CheckMode.FORCE_OFFLINE).reason == Reason.NOT_LISTED
                        }
                        if (ok) right.incrementAndGet()
                    }
                }
            }
        }
        threads.forEach { it.join() }
        assertEquals(80_000, right.get())
    }

    @Test
    fun `opened and closed a thousand times nothing piles up`() = Site(emulator, "SN-OPEN").use { site ->
        repeat(100) { openAndClose(site) }
        val before = Level.now()
        repeat(900) { openAndClose(site) }
        val after = Level.now()
        assertTrue(after.threads <= before.threads + 10, "threads: $before, $after")
        assertTrue(after.descriptors <= before.descriptors + 5, "descriptors: $before, $after")
        assertTrue(after.heapMb <= before.heapMb + 10, "heap: $before, $after")
    }

    private fun openAndClose(site: Site) = Terminal.open(site.config(), TerminalHost(site.keys)).use {
        runBlocking { it.status() }
    }

    private data class Level(val threads: Int, val descriptors: Int, val heapMb: Long) {
        companion object {
            fun now(): Level {
                repeat(3) { System.gc() }
                return Level(
                    threads = File("/proc/self/task").list()!!.size,
                    descriptors = File("/proc/self/fd").list()!!.size,
                    heapMb = ManagementFactory.getMemoryMXBean().heapMemoryUsage.used shr 20
                )
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

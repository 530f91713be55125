package com.smartpos.terminal

import java.io.File
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class ProcessTest {
    @Test
    fun `killed and restarted nothing confirmed is lost`() = Site(emulator, "SN-KILL").use { site ->
        site.paired().use { terminal ->
            site.lists(Pan.LISTED)
            runBlocking { terminal.sync() }
        }
        val said = mutableListOf<String>()
        repeat(3) { round ->
            val child = confirmForever(site)
            val lines = child.inputStream.bufferedReader()
            repeat(10 + round) { said += confirmed(lines.readLine()) }
            assertEquals(FaultCode.DATA_DIR_LOCKED, faultOf { site.open() }.code, "the folder is the other process's")
            child.toHandle().destroyForcibly() // SIGKILL; the pipe stays readable
            said += lines.readLines().filter { it.startsWith("confirmed ") }.map(::confirmed)
        }
        val terminal = site.open()
        val uploaded = runBlocking {
            assertTrue(terminal.status().pending >= said.size)
            terminal.uploadReports()
        }
        assertEquals(0, uploaded.pending)
        val entries = emulator.entries(site.sn).map { text(it, "entryId") }
        assertTrue(entries.containsAll(said), "${said - entries.toSet()} are lost")
        assertEquals(entries.size, entries.toSet().size)
    }

    /** The system refuses the journal's growth as a full disk does; also root is bound by it. */
    @Test
    @Provokes(FaultCode.STORAGE_FULL)
    fun `with full storage a call fails, nothing acknowledged is lost, and with room again it goes on`() =
        Site(emulator, "SN-FULL").use { site ->
            site.paired().use { terminal ->
                site.lists(Pan.LISTED)
                runBlocking { terminal.sync() }
            }
            val child = confirmForever(site, fileLimit = 256 * 1024)
            val (acknowledged, others) = child.inputStream.bufferedReader().readLines().partition { it.startsWith("confirmed ") }
            assertEquals(listOf("STORAGE_FULL OPERATOR retryable=true Storage is full. Free some space."), others)
            assertEquals(0, child.waitFor())
            assertTrue(acknowledged.size > 10, "only ${acknowledged.size}")

            val terminal = site.open { allowForceOffline().perCardPerDay(1_000_000).maxPending(1_000_000) }
            runBlocking {
                val access = terminal.checkEntry(Card(Pan.LISTED), CheckMode.FORCE_OFFLINE) as Verdict.Allowed
                terminal.confirmEntry(access.accessId, 1)
                assertEquals(0, terminal.uploadReports().pending)
                val entries = emulator.entries(site.sn).map { text(it, "entryId") }
                assertEquals(entries.size, entries.toSet().size)
                val lost = acknowledged.map(::confirmed) + access.accessId - entries.toSet()
                assertEquals(emptyList<String>(), lost)
            }
        }

    private fun confirmForever(site: Site, fileLimit: Int? = null): Process {
        val ca = File(site.folder, "ca.pem").apply { writeText(emulator.caPem) }
        val parameters = arrayOf(site.sn, site.folder.path, emulator.url, ca.path, emulator.whitelistSecret)
        return childJvm(ConfirmForever::class.java.name, *parameters, fileLimit = fileLimit)
    }

    private fun confirmed(line: String?): String {
        assertTrue(line.orEmpty().startsWith("confirmed "), "the child said: $line")
        return line!!.removePrefix("confirmed ")
    }

    @Test
    @Provokes(FaultCode.INTERNAL)
    fun `a library that cannot be loaded is told in words`(@TempDir folder: File) {
        File(folder, "other").mkdir()
        File(folder, "other/libgojni.so").writeText("of another ABI")
        for (libraries in listOf("empty", "other")) {
            val child = childJvm(OpenWithoutLibrary::class.java.name, folder.path, libraries = File(folder, libraries).path)
            val said = child.inputStream.bufferedReader().readLines()
            assertEquals(0, child.waitFor(), said.toString())
            assertEquals(
                2,
                said.count {
                    it.startsWith("INTERNAL DEVELOPER libgojni.so cannot be loaded on this device")
                },
                said.toString()
            )
        }
    }

    /** The JVM's own check of every use of JNI, over the tests that use it in the oddest ways. */
    @Test
    fun `no use of JNI is wrong`() {
        val tests = listOf(
            JourneyTest::class,
            CancelTest::class,
            HostTest::class,
            StringsTest::class,
            DeviceTest::class,
            NoticesTest::class
        ).map { it.java.name }
        val child = childJvm(RunTests::class.java.name, *tests.toTypedArray(), options = listOf("-Xcheck:jni"))
        val said = child.inputStream.bufferedReader().readLines()
        assertEquals(0, child.waitFor(), said.takeLast(40).joinToString("\n"))
        val wrong = Regex("FATAL ERROR in native|exception pending")
        assertFalse(said.any(wrong::containsMatchIn), said.filter(wrong::containsMatchIn).joinToString("\n"))
        assertTrue(said.any { it.endsWith(" passed, 0 failed") })
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

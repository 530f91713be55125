package com.smartpos.terminal.gates

import com.android.tools.r8.R8
import com.android.tools.r8.R8Command
import com.android.tools.r8.origin.Origin
import com.smartpos.terminal.Emulator
import com.smartpos.terminal.Pan
import java.io.File
import java.util.jar.JarEntry
import java.util.jar.JarFile
import java.util.jar.JarOutputStream
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** R8 with the rules that the AAR carries, on the library, the sample and a journey; class files come out, so that they run here. */
class ShrinkTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `the journey passes on shrunk classes, and what Go looks up keeps its name`() {
        val entrance = rules(
            """
            -keep class com.smartpos.terminal.gates.Journey { public static void main(java.lang.String[]); }
            -keep class com.smartpos.terminal.gates.Page { public static *** show(...); }
            # An annotation of Google's repository, which Gradle brings along.
            -dontwarn androidx.annotation.VisibleForTesting
            """.trimIndent()
        )
        val rules = listOf(File("../aar/consumer-rules.pro"), File("../app/target/app/rules.pro"), entrance)
        val shrunk = shrink(rules, everything(), path("android"), jdk)
        val names = names(shrunk)
        for (name in classes("../binding/target/classes")) assertTrue(name in names, name)
        assertTrue("com/smartpos/terminal/sample/GateActivity.class" in names)
        assertFalse("com/smartpos/terminal/Verdict.class" in names, "nothing was renamed: this is no test of the rules")
        assertEquals(1, bridges(shrunk), "a page finds the bridge's methods")

        assertEquals("the journey passed", journey(shrunk))
    }

    @Test
    fun `without the rules a page would find nothing`() {
        val entrance = rules("-keep class com.smartpos.terminal.gates.Page { public static *** show(...); }\n-dontwarn **")
        val program = listOf(jar("terminal", "../terminal/target/classes"), jar("journey", "target/classes"))
        assertEquals(0, bridges(shrink(listOf(entrance), program, path("android"), jdk)))
    }

    /** How many classes have the four methods of MPACBridge, by their names, and the annotation that a WebView looks for. */
    private fun bridges(jar: File): Int = JarFile(jar).use { file ->
        val methods = listOf("getDeviceInfo", "launchCreditCardApp", "printReceipt", "scanQR")
        val wanted = methods + "Landroid/webkit/JavascriptInterface;"
        file.entries().asSequence().filter { it.name.endsWith(".class") }.count { entry ->
            val text = file.getInputStream(entry).use { it.readBytes() }.toString(Charsets.ISO_8859_1)
            wanted.all(text::contains)
        }
    }

    @Test
    fun `without the rules Go would find none of it`() {
        val binding = jar("binding", "../binding/target/classes")
        val names = names(shrink(listOf(rules("-dontwarn android.content.Context")), listOf(binding), jdk))
        assertTrue(classes("../binding/target/classes").none { it in names })
    }

    private fun journey(shrunk: File): String {
        Emulator().use { emulator ->
            val code = emulator.register(SN)
            emulator.admin("PUT", "/admin/api/whitelist", """{"pans":["${Pan.LISTED}"]}""")
            val ca = File(folder, "ca.pem").apply { writeText(emulator.caPem) }
            // The journey is shrunk with the rest; only the framework comes beside it.
            val classes = "$shrunk:${path("android")}"
            val library = "-Djava.library.path=" + System.getProperty("java.library.path")
            val java = listOf("$jdk/bin/java", library, "-cp", classes, "com.smartpos.terminal.gates.Journey")
            val terminal = listOf(emulator.url, ca.path, emulator.whitelistSecret, SN, code, File(folder, "terminal").path)
            val child = ProcessBuilder(java + terminal + listOf(Pan.fresh(), Pan.LISTED)).redirectErrorStream(true).start()
            return child.inputStream.bufferedReader().readText().trim()
        }
    }

    private fun shrink(rules: List<File>, program: List<File>, vararg frameworks: String): File {
        val output = File(folder, "shrunk.jar")
        val arguments = listOf("--release", "--classfile", "--output", output.path) + frameworks.flatMap { listOf("--lib", it) } +
            listOf("info", "warning").flatMap { listOf("--map-diagnostics", it, "none") } +
            rules.flatMap { listOf("--pg-conf", it.path) } + program.map { it.path }
        R8.run(R8Command.parse(arguments.toTypedArray(), Origin.unknown()).build())
        return output
    }

    private fun rules(text: String) = File.createTempFile("rules", ".pro", folder).apply { writeText(text) }

    private fun names(jar: File): Set<String> = JarFile(jar).use { it.entries().asSequence().map(JarEntry::getName).toSet() }

    // Without androidx.activity: an app that does not use CardAppContract needs none.
    private fun everything() =
        listOf("stdlib", "annotations", "coroutines", "coroutines-android", "serialization", "serialization-json").map {
            File(path(it))
        } +
            jar("binding", "../binding/target/classes") + jar("terminal", "../terminal/target/classes") +
            jar("app", "../app/target/classes") + jar("journey", "target/classes") +
            jar("keys", "../terminal/target/test-classes") { it.contains("/JcaKeyHost") }

    private fun classes(folder: String, which: (String) -> Boolean = { true }): List<String> {
        val root = File(folder)
        check(root.isDirectory) { "$root is not built" }
        return root.walk().filter { it.extension == "class" }.map { it.relativeTo(root).path }.filter(which).toList()
    }

    private fun jar(name: String, from: String, which: (String) -> Boolean = { true }): File {
        val file = File(folder, "$name.jar")
        JarOutputStream(file.outputStream()).use { jar ->
            for (entry in classes(from, which)) {
                jar.putNextEntry(JarEntry(entry))
                File(from, entry).inputStream().use { it.copyTo(jar) }
            }
        }
        return file
    }

    private val jdk = System.getProperty("java.home")

    private fun path(name: String): String = System.getProperty("path.$name")

    private companion object {
        const val SN = "SN-SHRUNK"
    }
}

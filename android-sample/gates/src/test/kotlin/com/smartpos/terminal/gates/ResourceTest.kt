package com.smartpos.terminal.gates

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** aapt2, which links the sample's resources in its build, on files that no device would take. */
class ResourceTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `what does not link is found`() {
        assertEquals(0 to "", link("android:text", "@android:string/ok"))
        val (absent, whichString) = link("android:text", "@string/nowhere")
        assertTrue(absent != 0 && whichString.contains("string/nowhere"), whichString)
        val (unknown, whichAttribute) = link("android:nonsense", "x")
        assertTrue(unknown != 0 && whichAttribute.contains("nonsense"), whichAttribute)
    }

    private fun link(attribute: String, value: String): Pair<Int, String> {
        val layout = File(folder, "res/layout/one.xml").apply { parentFile.mkdirs() }
        layout.writeText(
            """<View xmlns:android="$ANDROID" android:layout_width="1dp" android:layout_height="1dp" $attribute="$value"/>"""
        )
        val manifest = File(folder, "AndroidManifest.xml").apply { writeText("""<manifest package="a.b"/>""") }
        assertEquals(0 to "", aapt2("compile", "--dir", "$folder/res", "-o", "$folder/res.zip"))
        return aapt2("link", "-I", path("android"), "--manifest", manifest.path, "-o", "$folder/out.apk", "$folder/res.zip")
    }

    private fun aapt2(vararg arguments: String): Pair<Int, String> {
        val process = ProcessBuilder(listOf(path("aapt2")) + arguments).redirectErrorStream(true).start()
        val said = process.inputStream.bufferedReader().readText()
        return process.waitFor() to said
    }

    private fun path(name: String): String = System.getProperty("path.$name")

    private companion object {
        const val ANDROID = "http://schemas.android.com/apk/res/android"
    }
}

package com.smartpos.terminal.gates

import android.os.Build
import android.os.SystemClock
import android.view.View
import java.io.File
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import org.codehaus.mojo.animal_sniffer.SignatureChecker
import org.codehaus.mojo.animal_sniffer.logging.Logger
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The check that the build runs on library and sample, on code that Android 8.0 cannot run. */
class ApiLevelTest {
    @Test
    fun `what came after API 26, and what is hidden, is found`() {
        assertEquals(emptyList<String>(), check("Allowed"))
        assertTrue(check("TooNew").single().contains("currentNetworkTimeClock"), check("TooNew").toString())
        assertTrue(check("Hidden").single().contains("isVisibleToUser"), check("Hidden").toString())
        assertTrue(check("NewJava").single().contains("orTimeout"), check("NewJava").toString())
    }

    private fun check(name: String): List<String> {
        val found = mutableListOf<String>()
        val log = object : Logger {
            override fun info(message: String) = Unit

            override fun info(message: String, t: Throwable) = Unit

            override fun debug(message: String) = Unit

            override fun debug(message: String, t: Throwable) = Unit

            override fun warn(message: String) = Unit

            override fun warn(message: String, t: Throwable) = Unit

            override fun error(message: String) {
                found += message
            }

            override fun error(message: String, t: Throwable) {
                found += message
            }
        }
        val type = "com/smartpos/terminal/gates/$name"
        File(System.getProperty("path.signature")).inputStream().use { signature ->
            val own = setOf("com.smartpos.terminal.gates.*", "kotlin.*")
            val checker = SignatureChecker(signature, own, log)
            checker.setSourcePath(emptyList())
            checker.process(File("target/test-classes/$type.class"))
        }
        return found
    }
}

class Allowed {
    fun use(): Int = Build.VERSION.SDK_INT
}

class TooNew {
    fun use(): Any? = SystemClock.currentNetworkTimeClock()
}

class Hidden {
    fun use(view: View): Any = view.isVisibleToUser
}

class NewJava {
    fun use(future: CompletableFuture<String>): Any = future.orTimeout(1, TimeUnit.SECONDS)
}

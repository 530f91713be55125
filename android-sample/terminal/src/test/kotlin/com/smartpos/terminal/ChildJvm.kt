package com.smartpos.terminal

import java.io.File
import java.time.LocalDate
import kotlin.system.exitProcess
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.junit.platform.engine.discovery.DiscoverySelectors.selectClass
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder
import org.junit.platform.launcher.core.LauncherFactory
import org.junit.platform.launcher.listeners.SummaryGeneratingListener

/** Starts one of the programs below in a JVM of its own: in another time zone, or where no file gets longer than [fileLimit] bytes. */
fun childJvm(
    main: String,
    vararg args: String,
    libraries: String = System.getProperty("java.library.path"),
    options: List<String> = emptyList(),
    zone: String? = null,
    fileLimit: Int? = null
): Process {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val properties = listOf("posemu", "repository.root").map { "-D$it=${System.getProperty(it)}" }
    val command =
        listOf(
            java,
            "-Djava.library.path=$libraries",
            "-cp",
            System.getProperty("java.class.path")
        ) + options + properties + main +
            args
    // The shell's unit is 512 bytes.
    val limited = fileLimit?.let { listOf("sh", "-c", "ulimit -f ${it / SHELL_BLOCK} && exec \"$@\"", "sh") }.orEmpty()
    return ProcessBuilder(limited + command).redirectErrorStream(true)
        .apply { zone?.let { environment()["TZ"] = it } }.start()
}

private const val SHELL_BLOCK = 512

/**
 * Opens a paired terminal offline, confirms entries one after the other and says each when it is confirmed. Until it is killed, or
 * until a call fails: it says how.
 */
object ConfirmForever {
    @JvmStatic
    fun main(args: Array<String>) = runBlocking {
        val (sn, folder, url, ca, secret) = args
        val config = TerminalConfig.Builder(sn, File(folder, "data")).server(url, File(ca).readText()).whitelistSecret(secret)
            .allowForceOffline().perCardPerDay(1_000_000).maxPending(1_000_000).build()
        val terminal = Terminal.open(config, TerminalHost(JcaKeyHost(File(folder, "keys"))))
        try {
            while (true) {
                val access = terminal.checkEntry(Card(Pan.LISTED), CheckMode.FORCE_OFFLINE) as Verdict.Allowed
                terminal.confirmEntry(access.accessId, 1)
                println("confirmed ${access.accessId}")
                delay(1)
            }
        } catch (e: TerminalException) {
            println("${e.code} ${e.actor} retryable=${e.retryable} ${e.text}")
            exitProcess(0)
        }
    }
}

/** Opens a paired terminal offline, and says its day, when the next sync is due and what it thinks of two cards. */
object TellTime {
    @JvmStatic
    fun main(args: Array<String>): Unit = runBlocking {
        val (sn, folder, url, ca, secret) = args
        val config = TerminalConfig.Builder(sn, File(folder, "data")).server(url, File(ca).readText()).whitelistSecret(secret)
            .allowForceOffline().perCardPerDay(1).build()
        Terminal.open(config, TerminalHost(JcaKeyHost(File(folder, "keys")))).use { terminal ->
            println("day ${LocalDate.now()}")
            println("due ${terminal.status().nextSyncDue}")
            for (pan in listOf(Pan.LISTED, Pan.IN_RANGE)) {
                println("card ${terminal.checkEntry(Card(pan), CheckMode.FORCE_OFFLINE).reason}")
            }
        }
        exitProcess(0) // threads of Go that called the key store would keep the JVM up
    }
}

/** Opens a terminal twice where there is no library, and says what it was told. */
object OpenWithoutLibrary {
    @JvmStatic
    fun main(args: Array<String>) {
        val config = TerminalConfig.Builder("SN", File(args[0])).server("https://localhost", "ca").whitelistKey("k").build()
        repeat(2) {
            try {
                Terminal.open(config, TerminalHost(JcaKeyHost(File(args[0]))))
            } catch (e: TerminalException) {
                println("${e.code} ${e.actor} ${e.message}")
            }
        }
        exitProcess(0)
    }
}

/** Runs the test classes named by its arguments. */
object RunTests {
    @JvmStatic
    fun main(args: Array<String>) {
        val found = SummaryGeneratingListener()
        val request = LauncherDiscoveryRequestBuilder.request().selectors(args.map { selectClass(it) }).build()
        LauncherFactory.create().execute(request, found)
        found.summary.printFailuresTo(java.io.PrintWriter(System.out), 30)
        println("${found.summary.testsSucceededCount} passed, ${found.summary.testsFailedCount} failed")
        exitProcess(if (found.summary.testsSucceededCount > 0 && found.summary.totalFailureCount == 0L) 0 else 1)
    }
}

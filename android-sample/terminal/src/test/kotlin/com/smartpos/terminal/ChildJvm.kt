package com.smartpos.terminal

import java.io.File
import kotlin.system.exitProcess
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import org.junit.platform.engine.discovery.DiscoverySelectors.selectClass
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder
import org.junit.platform.launcher.core.LauncherFactory
import org.junit.platform.launcher.listeners.SummaryGeneratingListener

/** Starts one of the programs below in a JVM of its own. */
fun childJvm(
    main: String,
    vararg args: String,
    libraries: String = System.getProperty("java.library.path"),
    options: List<String> = emptyList()
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
    return ProcessBuilder(command).redirectErrorStream(true).start()
}

/** Opens a paired terminal offline, confirms entries one after the other and says each when it is confirmed. Until it is killed. */
object ConfirmForever {
    @JvmStatic
    fun main(args: Array<String>) = runBlocking {
        val (sn, folder, url, ca, secret) = args
        val config = TerminalConfig.Builder(sn, File(folder, "data")).server(url, File(ca).readText()).whitelistSecret(secret)
            .allowForceOffline().perCardPerDay(1_000_000).maxPending(1_000_000).build()
        val terminal = Terminal.open(config, TerminalHost(JcaKeyHost(File(folder, "keys"))))
        while (true) {
            val access = terminal.checkEntry(Card(Pan.LISTED), CheckMode.FORCE_OFFLINE) as Verdict.Allowed
            terminal.confirmEntry(access.accessId, 1)
            println("confirmed ${access.accessId}")
            delay(1)
        }
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

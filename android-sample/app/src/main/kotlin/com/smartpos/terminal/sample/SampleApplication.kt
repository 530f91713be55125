package com.smartpos.terminal.sample

import android.app.Application
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.android.AndroidEnvironment
import com.smartpos.terminal.android.AndroidKeyHost
import java.security.GeneralSecurityException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/** There are no parameters yet. */
class NotSetUp : Exception("the terminal is not set up")

/** The process: one [Terminal], which the screens and the daily job share. */
class SampleApplication : Application() {
    /** As long as the process, so that a call goes on while a screen is rotated. */
    val scope = CoroutineScope(SupervisorJob() + Dispatchers.Main.immediate)

    val environment by lazy { AndroidEnvironment(this) }
    val settings by lazy { Settings(this) }
    lateinit var gate: Gate
        private set
    lateinit var queue: Queue
        private set
    lateinit var setup: Setup
        private set

    /** The vendor's reader; null when the device has none. */
    var cardReader: CardReader? = null

    private val keys = AndroidKeyHost()
    private val lock = Mutex()
    private var opened: Terminal? = null

    override fun onCreate() {
        super.onCreate()
        gate = Gate(this)
        queue = Queue(this)
        setup = Setup(this)
        if (settings.complete) EntryJob.schedule(this)
    }

    /** The terminal, opened by the first caller; it needs no network. Throws [NotSetUp], or what opening throws. */
    suspend fun terminal(): Terminal = lock.withLock {
        opened ?: withContext(Dispatchers.IO) {
            val config = settings.config(environment.dataFolder) ?: throw NotSetUp()
            Terminal.open(config, environment.host())
        }.also { opened = it }
    }

    /** Whether the whitelist secret is in the key store and can be used. */
    suspend fun hasSecret(): Boolean = withContext(Dispatchers.IO) {
        try {
            keys.hasMac(Settings.WHITELIST_KEY)
        } catch (_: GeneralSecurityException) {
            false
        }
    }

    /** Puts the whitelist secret into the key store and overwrites [secret]. */
    suspend fun importSecret(secret: ByteArray) = withContext(Dispatchers.IO) {
        keys.importMac(Settings.WHITELIST_KEY, secret)
        secret.fill(0)
    }

    /** Closes the terminal; the next caller of [terminal] opens it with the settings of that moment. */
    suspend fun close() = lock.withLock {
        withContext(Dispatchers.IO) { opened?.close() }
        opened = null
    }
}

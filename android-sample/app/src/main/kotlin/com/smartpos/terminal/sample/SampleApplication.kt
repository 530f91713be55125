package com.smartpos.terminal.sample

import android.app.Application
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.android.AndroidEnvironment
import com.smartpos.terminal.android.DailyJob
import com.smartpos.terminal.android.SecretFile
import java.io.File
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

    /** What tills must be given; encrypted by Android Keystore. */
    val tillSecret by lazy { SecretFile(File(noBackupFilesDir, "till-secret")) }

    // Made anew at every start.
    lateinit var queue: Queue
    lateinit var gate: Gate
    lateinit var device: Device
    lateinit var orders: Orders
    lateinit var checkout: Checkout
    lateinit var setup: Setup

    /** The vendor's reader; null when the device has none. */
    var cardReader: CardReader? = null

    private val lock = Mutex()
    private var opened: Terminal? = null

    override fun onCreate() {
        super.onCreate()
        queue = Queue(this)
        gate = Gate(this)
        device = Device(this)
        orders = Orders(this)
        checkout = Checkout(this)
        setup = Setup(this)
        if (settings.complete) setup.start()
    }

    /** The terminal, opened by the first caller; it needs no network. Throws [NotSetUp], or what opening throws. */
    suspend fun terminal(): Terminal = lock.withLock {
        opened ?: withContext(Dispatchers.IO) {
            val config = settings.config(environment.dataFolder) ?: throw NotSetUp()
            Terminal.open(config, environment.host()).also { opened = it } // in here, where no cancelled caller loses it
        }
    }

    /** Opens the terminal and begins what needs no screen. */
    suspend fun start() {
        DailyJob.schedule(this, 1, EntryJob::class.java)
        orders.start()
        terminal()
        queue.start()
        device.start()
    }

    /** Ends what [start] began and closes the terminal; the next caller opens it, behind [change]. */
    suspend fun close(change: suspend () -> Unit = {}) {
        for (model in listOf(orders, device, queue)) model.stop()
        lock.withLock {
            withContext(Dispatchers.IO) { opened.also { opened = null }?.close() }
            change()
        }
    }
}

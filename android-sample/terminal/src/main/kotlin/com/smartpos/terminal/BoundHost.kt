package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Host
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow

private const val PROGRESS_BUFFER = 64

/**
 * A key store, null when the library keeps the keys itself, and a log, as the binding wants them. Only exceptions cross over to Go:
 * an Error would end the process.
 */
internal class BoundHost(private val keyHost: KeyHost?, private val log: LogSink) : Host {
    private val reported =
        MutableSharedFlow<Progress>(extraBufferCapacity = PROGRESS_BUFFER, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    val progress: Flow<Progress> get() = reported

    private val keys: KeyHost get() = checkNotNull(keyHost) { "the host keeps no keys" }

    override fun keepsKeys(): Boolean = keyHost != null

    override fun generateKey(alias: String, keyType: String) = guarded {
        val type = KeyType.values().firstOrNull { it.wire == keyType }
        keys.generateKey(alias, requireNotNull(type) { "keys of type $keyType are not known to this version" })
    }

    override fun publicKey(alias: String): ByteArray = guarded { keys.publicKey(alias) ?: ByteArray(0) }

    override fun sign(alias: String, message: ByteArray?): ByteArray = guarded { keys.sign(alias, message.orEmpty()) }

    override fun generateMAC(alias: String) = guarded { keys.generateMac(alias) }

    override fun importMAC(alias: String, secret: ByteArray?) = guarded {
        val lent = secret.orEmpty()
        try {
            keys.importMac(alias, lent)
        } finally {
            lent.fill(0)
        }
    }

    override fun hasMAC(alias: String): Boolean = guarded { keys.hasMac(alias) }

    override fun mac(alias: String, message: ByteArray?): ByteArray = guarded {
        val lent = message.orEmpty()
        try {
            keys.mac(alias, lent)
        } finally {
            lent.fill(0) // it can be a card number
        }
    }

    override fun deleteKey(alias: String) = guarded { keys.delete(alias) }

    override fun log(level: Long, line: String) = guarded { log.log(logLevel(level), line) }

    override fun progress(kind: String, done: Long) {
        reported.tryEmit(Progress(progressKind(kind), done))
    }
}

/** An empty slice of Go arrives as null. */
private fun ByteArray?.orEmpty() = this ?: ByteArray(0)

private fun <T> guarded(call: () -> T): T = try {
    call()
} catch (e: Exception) {
    throw e
} catch (e: Throwable) {
    throw IllegalStateException("the app's key store or log failed: $e", e)
}

private const val ANDROID_DEBUG = 3L
private const val ANDROID_INFO = 4L
private const val ANDROID_WARNING = 5L

private fun logLevel(level: Long) = when {
    level <= ANDROID_DEBUG -> LogLevel.DEBUG
    level == ANDROID_INFO -> LogLevel.INFO
    level == ANDROID_WARNING -> LogLevel.WARNING
    else -> LogLevel.ERROR
}

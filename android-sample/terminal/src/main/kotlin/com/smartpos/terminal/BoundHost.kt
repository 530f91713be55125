package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Host
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow

private const val PROGRESS_BUFFER = 64

/** A [TerminalHost] as the binding wants it. Only exceptions cross over to Go: an Error would end the process. */
internal class BoundHost(private val host: TerminalHost) : Host {
    private val reported =
        MutableSharedFlow<Progress>(extraBufferCapacity = PROGRESS_BUFFER, onBufferOverflow = BufferOverflow.DROP_OLDEST)

    val progress: Flow<Progress> get() = reported

    override fun generateKey(alias: String, keyType: String) = guarded {
        val type = KeyType.values().firstOrNull { it.wire == keyType }
        host.keys.generateKey(alias, requireNotNull(type) { "keys of type $keyType are not known to this version" })
    }

    override fun publicKey(alias: String): ByteArray = guarded { host.keys.publicKey(alias) ?: ByteArray(0) }

    override fun sign(alias: String, message: ByteArray?): ByteArray = guarded { host.keys.sign(alias, message.orEmpty()) }

    override fun generateMAC(alias: String) = guarded { host.keys.generateMac(alias) }

    override fun importMAC(alias: String, secret: ByteArray?) = guarded {
        val lent = secret.orEmpty()
        try {
            host.keys.importMac(alias, lent)
        } finally {
            lent.fill(0)
        }
    }

    override fun hasMAC(alias: String): Boolean = guarded { host.keys.hasMac(alias) }

    override fun mac(alias: String, message: ByteArray?): ByteArray = guarded {
        val lent = message.orEmpty()
        try {
            host.keys.mac(alias, lent)
        } finally {
            lent.fill(0) // it can be a card number
        }
    }

    override fun deleteKey(alias: String) = guarded { host.keys.delete(alias) }

    override fun log(level: Long, line: String) = guarded { host.log.log(logLevel(level), line) }

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

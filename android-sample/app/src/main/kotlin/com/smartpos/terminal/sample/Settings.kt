package com.smartpos.terminal.sample

import android.content.Context
import com.smartpos.terminal.TerminalConfig
import java.io.File

/** What the set-up screen stored. The whitelist secret is not here: it goes into the key store and is dropped. */
class Settings(context: Context) {
    private val stored = context.getSharedPreferences("settings", Context.MODE_PRIVATE)

    var server: String? by Text("server")
    var serialNumber: String? by Text("serial_number")
    var trustedCa: String? by Text("trusted_ca")

    /** Of the key that was paired, to compare with the admin panel. */
    var fingerprint: String? by Text("fingerprint")

    /** Whether there was a set-up. */
    val complete get() = serialNumber != null

    /** The terminal's parameters; null before the first set-up. */
    fun config(dataFolder: File): TerminalConfig? {
        val builder = TerminalConfig.Builder(serialNumber ?: return null, dataFolder)
        return builder.server(server.orEmpty(), trustedCa.orEmpty()).whitelistKey(WHITELIST_KEY).build()
    }

    /** The last error, and when it was. */
    var lastError: LastError?
        get() {
            val message =
                Message(stored.getString("error_key", null) ?: return null, stored.getString("error_text", null).orEmpty())
            return LastError(message, stored.getLong("error_at", 0))
        }
        set(value) {
            stored.edit().putString("error_key", value?.message?.key).putString("error_text", value?.message?.fallback)
                .putLong("error_at", value?.at ?: 0).apply()
        }

    private inner class Text(private val key: String) {
        operator fun getValue(settings: Settings, property: Any): String? = stored.getString(key, null)

        operator fun setValue(settings: Settings, property: Any, value: String?) = stored.edit().putString(key, value).apply()
    }

    companion object {
        /** The alias under which the whitelist secret lies in the key store. */
        const val WHITELIST_KEY = "whitelist"
    }
}

/** An error and when it was, in milliseconds since 1970. */
data class LastError(val message: Message, val at: Long)

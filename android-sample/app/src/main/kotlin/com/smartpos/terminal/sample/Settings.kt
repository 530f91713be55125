package com.smartpos.terminal.sample

import android.content.Context
import com.smartpos.terminal.DeviceConfig
import com.smartpos.terminal.EventStreamConfig
import com.smartpos.terminal.PgwConfig
import com.smartpos.terminal.TerminalConfig
import com.smartpos.terminal.android.CardApp
import java.io.File
import java.time.Instant

/** The alias under which the whitelist secret lies in the key store. */
const val WHITELIST_KEY = "whitelist"

/**
 * What the set-up screen asks for, in [field]; empty where the terminal has no such part. [AUDIENCE] is the issuer of tokens where
 * that is not [API] itself; at [LISTEN], `HOST:PORT`, the [TILLS] bring their orders; [CARD_APP] is the SHA-256 of its certificate.
 */
enum class Setting(val field: Int, val default: Int) {
    SERIAL_NUMBER(R.id.serial_number, R.string.default_serial_number),
    TRUSTED_CA(R.id.trusted_ca, R.string.default_trusted_ca),
    SERVER(R.id.server, R.string.default_server),
    API(R.id.api, R.string.default_api),
    AUDIENCE(R.id.audience, R.string.default_audience),
    GATEWAY(R.id.gateway, R.string.default_gateway),
    CARD_APP(R.id.card_app, R.string.default_card_app),
    LISTEN(R.id.listen, R.string.default_listen),
    TILLS(R.id.allow, R.string.default_allow),
    KEY_ID(R.id.key_id, R.string.default_key_id)
}

/** What the set-up screen stored. No secret is here. */
class Settings(context: Context) {
    private val stored = context.getSharedPreferences("settings", Context.MODE_PRIVATE)

    /** Whether there was a set-up. */
    val complete get() = stored.contains(Setting.SERIAL_NUMBER.name)

    operator fun get(setting: Setting): String? = stored.getString(setting.name, null)

    fun save(values: Map<Setting, String>) =
        stored.edit().apply { for ((setting, value) in values) putString(setting.name, value) }.apply()

    /** The terminal's parameters; null before the first set-up. */
    fun config(dataFolder: File): TerminalConfig? {
        val builder = TerminalConfig.Builder(this[Setting.SERIAL_NUMBER] ?: return null, dataFolder)
        val ca = this[Setting.TRUSTED_CA].orEmpty()
        given(Setting.SERVER)?.let { builder.server(it, ca).whitelistKey(WHITELIST_KEY) }
        given(Setting.API)?.let { api ->
            val device = DeviceConfig.Builder(api).trustedCa(ca)
            given(Setting.AUDIENCE)?.let(device::audience)
            builder.device(device.build())
        }
        given(Setting.GATEWAY)?.let { builder.pgw(PgwConfig.Builder(it).trustedCa(ca).build()) }
        return builder.build()
    }

    /** Where tills bring their orders; null when there are none. */
    fun tills(): EventStreamConfig? = given(Setting.LISTEN)?.let { listen ->
        EventStreamConfig(listen, this[Setting.KEY_ID].orEmpty(), given(Setting.TILLS)?.split(' ').orEmpty())
    }

    /** The Credit Card App, trusted by its certificate; null when none is named. */
    fun cardApp(): CardApp? = given(Setting.CARD_APP)?.let { runCatching { CardApp(it) }.getOrNull() }

    private fun given(setting: Setting): String? = this[setting]?.ifEmpty { null }

    /** The paired key's fingerprint; the last orders of tills; the sale under way, and the card payment last asked for. */
    var fingerprint by Text("fingerprint")
    var orders by Text("orders")
    var sale by Text("sale")
    var cardPayment by Text("card_payment")

    /** A text that is on disk when it was set. */
    private inner class Text(private val key: String) {
        operator fun getValue(settings: Settings, property: Any): String? = stored.getString(key, null)

        operator fun setValue(settings: Settings, property: Any, value: String?) =
            check(stored.edit().putString(key, value).commit()) { "$key could not be stored" }
    }

    /** The last error, and when it was. */
    val lastError: Message?
        get() = stored.getString("error_key", null)?.let { key ->
            val error = Message(key, fallback = stored.getString("error_text", null).orEmpty())
            Message("last_error", listOf(Instant.ofEpochMilli(stored.getLong("error_at", 0)), error))
        }

    fun note(error: Message) = stored.edit().putString("error_key", error.key).putString("error_text", error.fallback)
        .putLong("error_at", System.currentTimeMillis()).apply()
}

package com.smartpos.terminal.sample

import android.os.Bundle
import com.smartpos.terminal.android.AndroidKeyHost
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** Parameters and pairing. It shows the fingerprint of the paired key. */
class Setup(app: SampleApplication) : Model<String?>(app, app.settings.fingerprint) {
    private val keys = AndroidKeyHost()

    /** At every start of an app that is set up. */
    fun start() = launch { app.start() }

    /**
     * Stores the parameters and starts with them. The whitelist secret goes into the key store, that for tills into an encrypted
     * file, and both are overwritten; an empty one leaves the one there.
     */
    fun save(values: Map<Setting, String>, whitelistSecret: ByteArray, tillSecret: ByteArray) = work {
        try {
            // A key store takes 32 to 1024 bytes.
            val usable = when {
                values[Setting.SERVER].isNullOrEmpty() -> true
                whitelistSecret.isNotEmpty() -> whitelistSecret.size in 32..1024
                else -> withContext(Dispatchers.IO) { runCatching { keys.hasMac(WHITELIST_KEY) }.getOrDefault(false) }
            }
            if (!usable) return@work Message("secret_needed")
            app.close {
                withContext(Dispatchers.IO) {
                    if (whitelistSecret.isNotEmpty()) keys.importMac(WHITELIST_KEY, whitelistSecret)
                    if (tillSecret.isNotEmpty()) app.tillSecret.write(tillSecret)
                }
                app.settings.save(values)
            }
        } finally {
            for (secret in listOf(whitelistSecret, tillSecret)) secret.fill(0)
        }
        app.start()
        Message("saved")
    }

    /** Pairs with a code of the admin panel. After a lost answer, press again with the same code. */
    fun pair(code: String) = work {
        app.settings.fingerprint = app.terminal().pair(code).keyFingerprint
        change { app.settings.fingerprint }
        Message("paired")
    }

    /** Forgets the pairing on this device; stored entries stay. */
    fun unpair() = work {
        app.terminal().unpair()
        app.settings.fingerprint = null
        change { null }
        Message("unpaired")
    }
}

/** Parameters and secrets; pairing; the self-test. */
class SetupActivity : Screen<String?>(R.layout.setup) {
    override val model get() = app.setup

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        if (savedInstanceState == null) {
            for (each in Setting.values()) field(each.field).setText(app.settings[each] ?: getString(each.default))
            if (!app.settings.complete) {
                field(R.id.whitelist_secret).setText(R.string.default_whitelist_secret)
                field(R.id.till_secret).setText(R.string.default_till_secret)
            }
        }
        click(R.id.save) {
            val values = Setting.values().associateWith { field(it.field).text.toString().trim() }
            model.save(values, secret(R.id.whitelist_secret), secret(R.id.till_secret))
        }
        click(R.id.pair) { model.pair(String(secret(R.id.code))) }
        click(R.id.unpair) { model.unpair() }
        click(R.id.self_test) { model.test() }
    }

    override fun render(now: String?, working: Boolean) = text(R.id.fingerprint, now?.let { getString(R.string.fingerprint, it) })

    /** Takes what was typed, which leaves the screen at once. */
    private fun secret(id: Int): ByteArray = field(id).text.run { toString().toByteArray().also { clear() } }
}

package com.smartpos.terminal

import java.io.File
import java.time.Duration

/**
 * The parameters of a terminal; make one with [Builder]. Immutable. [toString] shows no secret. Values are checked by
 * [Terminal.open], which names a wrong one.
 */
public class TerminalConfig private constructor(builder: Builder) {
    /** The terminal's serial number. */
    public val serialNumber: String = builder.serialNumber

    /** The data folder, of this terminal alone. */
    public val dataFolder: File = builder.dataFolder

    /** The access server's base URL; null for a terminal without the entry job. */
    public val serverUrl: String? = builder.serverUrl

    /** The device's identity; null for a terminal without one. */
    public val device: DeviceConfig? = builder.device

    /** The payment gateway; null for a terminal without it. */
    public val pgw: PgwConfig? = builder.pgw

    internal val json: String = builder.json()

    override fun toString(): String = listOfNotNull(serialNumber, serverUrl, device?.baseUrl, pgw?.baseUrl)
        .joinToString(prefix = "TerminalConfig(", postfix = ")")

    /**
     * Collects parameters. Needed is [server] with one of [whitelistKey] and [whitelistSecret], for the entry job, or [device], or
     * [pgw], or several of them; the rest has defaults. Not safe for concurrent use.
     *
     * @param serialNumber 1 to 64 characters.
     * @param dataFolder a folder that is no part of a backup; `AndroidEnvironment.dataFolder` on a device.
     */
    public class Builder(internal val serialNumber: String, internal val dataFolder: File) {
        internal var serverUrl: String? = null
        internal var device: DeviceConfig? = null
        internal var pgw: PgwConfig? = null
        private var trustedCa: String? = null
        private var whitelistKey: String? = null
        private var whitelistSecret: String? = null
        private var onlineTimeout: Duration? = null
        private var listWarnAge: Duration? = null
        private var listMaxAge: Duration? = null
        private var maxGuestsOffline: Int? = null
        private var maxPending: Int? = null
        private var perCardPerDay: Int? = null
        private var allowForceOffline = false
        private var skipLuhn = false
        private var clockOffset: Duration? = null

        /** The access server: `https://host[:port][/path]` and the PEM text of the only CA that is trusted. */
        public fun server(baseUrl: String, trustedCaPem: String): Builder = apply {
            serverUrl = baseUrl
            trustedCa = trustedCaPem
        }

        /** The device's identity, its POS operations and its channel. */
        public fun device(device: DeviceConfig): Builder = apply { this.device = device }

        /** The payment gateway, for [Terminal.payments]. */
        public fun pgw(pgw: PgwConfig): Builder = apply { this.pgw = pgw }

        /** The alias of the HMAC key that hashes card numbers, which the app put into the key store once with [KeyHost.importMac]. */
        public fun whitelistKey(alias: String): Builder = apply { whitelistKey = alias }

        /** The secret that hashes card numbers, 32 bytes or more; it is put into the key store. Prefer [whitelistKey]. */
        public fun whitelistSecret(secret: String): Builder = apply { whitelistSecret = secret }

        /** How long a check, and a call that needs a new token, waits for the server. Default: 5 s. */
        public fun onlineTimeout(limit: Duration): Builder = apply { onlineTimeout = limit }

        /** From which age on lists are called old. Default: 26 h. */
        public fun listWarnAge(age: Duration): Builder = apply { listWarnAge = age }

        /** From which age on lists decide nothing. Default: 48 h. */
        public fun listMaxAge(age: Duration): Builder = apply { listMaxAge = age }

        /** Guests of an offline entry. Default: 3. */
        public fun maxGuestsOffline(guests: Int): Builder = apply { maxGuestsOffline = guests }

        /** How many entries may wait for upload before offline checks are denied. Default: 1000. */
        public fun maxPending(entries: Int): Builder = apply { maxPending = entries }

        /** Offline entries of one card on one UTC day. Default: 2. */
        public fun perCardPerDay(entries: Int): Builder = apply { perCardPerDay = entries }

        /** Allows [CheckMode.FORCE_OFFLINE]. Default: it is denied. */
        public fun allowForceOffline(): Builder = apply { allowForceOffline = true }

        /** Takes card numbers without a valid check digit. Default: they are refused. */
        public fun skipLuhn(): Builder = apply { skipLuhn = true }

        /** Moves the terminal's own clock, for tests of a wrong one. */
        public fun clockOffset(offset: Duration): Builder = apply { clockOffset = offset }

        /** The configuration of what was collected. */
        public fun build(): TerminalConfig = TerminalConfig(this)

        internal fun json(): String = encodeConfig(
            ConfigWire(
                serialNumber = serialNumber,
                dataDir = dataFolder.absolutePath,
                macs = serverUrl?.let { MacsWire(it, trustedCa.orEmpty()) },
                device = device?.wire,
                pgw = pgw?.wire,
                whitelistKey = whitelistKey,
                whitelistSecret = whitelistSecret,
                timeouts = onlineTimeout?.let { TimeoutsWire(goDuration(it)) },
                offline = OfflineWire(
                    listWarnAge = listWarnAge?.let(::goDuration),
                    listMaxAge = listMaxAge?.let(::goDuration),
                    maxGuests = maxGuestsOffline,
                    maxPending = maxPending,
                    perCardPerDay = perCardPerDay,
                    allowForce = allowForceOffline.takeIf { it }
                ).takeIf { it != OfflineWire() },
                card = if (skipLuhn) CardConfigWire(true) else null,
                clockOffset = clockOffset?.let(::goDuration)
            )
        )
    }
}

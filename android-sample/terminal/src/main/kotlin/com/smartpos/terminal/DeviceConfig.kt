package com.smartpos.terminal

/**
 * Where a device has its identity; make one with [Builder]. Immutable. Values are checked by [Terminal.open], which names a wrong
 * one.
 */
public class DeviceConfig private constructor(builder: Builder) {
    /** The API gateway's base URL. */
    public val baseUrl: String = builder.baseUrl

    internal val wire: DeviceConfigWire = builder.wire()

    override fun toString(): String = "DeviceConfig($baseUrl)"

    /**
     * Collects parameters. Needed is one of [trustedCa] and [systemRoots]; the rest has defaults. Not safe for concurrent use.
     *
     * @param baseUrl the API gateway: `https://host[:port][/path]`.
     */
    public class Builder(internal val baseUrl: String) {
        private var trustedCa: String? = null
        private var systemRoots = false
        private var socketUrl: String? = null
        private var tokenUrl: String? = null
        private var audience: String? = null
        private var clientId: String? = null
        private var bodyFormat: BodyFormat? = null
        private var scope: List<String>? = null
        private var name: String? = null

        /** The PEM text of the only CA that is trusted. */
        public fun trustedCa(pem: String): Builder = apply { trustedCa = pem }

        /** Trusts the CAs of the system. */
        public fun systemRoots(): Builder = apply { systemRoots = true }

        /** The whole address of the real-time channel, `wss://…`. Default: the gateway's, with `/api/v1/ws`. */
        public fun socketUrl(url: String): Builder = apply { socketUrl = url }

        /** The whole address of a token server elsewhere, `https://…`. Default: the gateway's. */
        public fun tokenUrl(url: String): Builder = apply { tokenUrl = url }

        /** The issuer of the token server. Default: the gateway's base URL. */
        public fun audience(issuer: String): Builder = apply { audience = issuer }

        /** The client id of a device that was registered by hand with its [Terminal.deviceKey]; activation is skipped then. */
        public fun clientId(id: String): Builder = apply { clientId = id }

        /** How a token is asked for. Default: [BodyFormat.JSON]. */
        public fun bodyFormat(format: BodyFormat): Builder = apply { bodyFormat = format }

        /** What tokens are asked for, such as `payment:refund`. Default: what the server gives unasked. */
        public fun scope(vararg scope: String): Builder = apply { this.scope = scope.toList() }

        /** The device's name in the portal, 255 characters at most. */
        public fun name(name: String): Builder = apply { this.name = name }

        /** The configuration of what was collected. */
        public fun build(): DeviceConfig = DeviceConfig(this)

        internal fun wire(): DeviceConfigWire = DeviceConfigWire(
            baseUrl = baseUrl,
            wsUrl = socketUrl,
            trustedCa = trustedCa,
            systemRoots = systemRoots.takeIf { it },
            tokenUrl = tokenUrl,
            audience = audience,
            clientId = clientId,
            bodyFormat = bodyFormat?.name?.lowercase(),
            scope = scope,
            name = name
        )
    }

    /** The body of a token request. */
    public enum class BodyFormat {
        /** As the gateway wants it. */
        JSON,

        /** As a standard OAuth server wants it. */
        FORM
    }
}

package com.smartpos.terminal

/**
 * Where the payment gateway is; make one with [Builder]. Immutable. Values are checked by [Terminal.open], which names a wrong one.
 */
public class PgwConfig private constructor(builder: Builder) {
    /** The gateway's base URL. */
    public val baseUrl: String = builder.baseUrl

    internal val wire: PgwConfigWire = builder.wire()

    override fun toString(): String = "PgwConfig($baseUrl)"

    /**
     * Collects parameters. Needed is one of [trustedCa] and [systemRoots]. Not safe for concurrent use.
     *
     * @param baseUrl the payment gateway: `https://host[:port][/path]`.
     */
    public class Builder(internal val baseUrl: String) {
        private var trustedCa: String? = null
        private var systemRoots = false
        private var bearer = false

        /** The PEM text of the only CA that is trusted. */
        public fun trustedCa(pem: String): Builder = apply { trustedCa = pem }

        /** Trusts the CAs of the system. */
        public fun systemRoots(): Builder = apply { systemRoots = true }

        /**
         * Sends payment tokens as `Authorization: Bearer`, for a gateway whose tokens are strict. Default: in the query of a GET and
         * the body of a POST.
         */
        public fun bearer(): Builder = apply { bearer = true }

        /** The configuration of what was collected. */
        public fun build(): PgwConfig = PgwConfig(this)

        internal fun wire(): PgwConfigWire = PgwConfigWire(baseUrl, trustedCa, systemRoots.takeIf { it }, bearer.takeIf { it })
    }
}

package com.smartpos.terminal

/**
 * The stable code of a fault, or of a refusal of the server. The list only grows; a code of a newer library or server is
 * [UNRECOGNIZED], its name stands beside it where the code is given. `docs/errors.md` says more about each.
 *
 * @property wire the code as the library and the server write it; empty for [UNRECOGNIZED].
 */
public enum class FaultCode(public val wire: String) {
    /** The PAN is not 12–19 digits with a valid check digit, or another card field is malformed; nothing was sent. */
    INVALID_CARD("invalid_card"),

    /** The pairing code is not exactly 8 digits; nothing was sent. */
    INVALID_CODE("invalid_code"),

    /** MACS refused the pairing code: wrong, expired, of another terminal, or the serial number is unknown. */
    PAIRING_CODE_REJECTED("pairing_code_rejected"),

    /** The terminal, or its serial number at MACS, is paired already. */
    ALREADY_PAIRED("already_paired"),

    /** MACS refused the public key (not RSA-2048 with e = 65537 in its eyes). */
    KEY_REJECTED("key_rejected"),

    /** The call needs a paired terminal. */
    NOT_PAIRED("not_paired"),

    /** The terminal's key is gone or cannot be read; the journal is kept. */
    KEY_LOST("key_lost"),

    /** The server's certificate is not signed by the CA of the parameters, or names another host. */
    TLS_UNTRUSTED("tls_untrusted"),

    /** A certificate was refused for its dates alone: the device's clock is wrong or the certificate has run out. */
    CLOCK_WRONG("clock_wrong"),

    /** No connection: DNS, connect, or the connection was lost before an answer. */
    NETWORK_UNAVAILABLE("network_unavailable"),

    /** No answer within the deadline. */
    TIMEOUT("timeout"),

    /** The server answered with HTTP 5xx. */
    SERVER_ERROR("server_error"),

    /** The server answered HTTP 429; wait before the next call. */
    RATE_LIMITED("rate_limited"),

    /**
     * The answer cannot be read: not the promised JSON, cut, too large, or a redirect; often a captive portal's login
     * page.
     */
    BAD_RESPONSE("bad_response"),

    /** The server refused the request itself (HTTP 400, 404, 405, 422): library and server do not fit. */
    PROTOCOL_ERROR("protocol_error"),

    /**
     * The server does not accept this terminal's signature (HTTP 401 or 403): unpaired at the server, another key, or a
     * clock too far off.
     */
    NOT_AUTHORIZED("not_authorized"),

    /** No open access has this accessId: unknown, voided, or no longer held by the server. */
    ACCESS_NOT_FOUND("access_not_found"),

    /** The access was not confirmed within its life (120 s). */
    ACCESS_EXPIRED("access_expired"),

    /** The number of guests is negative or above the maximum of the verdict. */
    INVALID_GUESTS("invalid_guests"),

    /** The access was confirmed before with another number of guests; the first number stays. */
    ALREADY_CONFIRMED("already_confirmed"),

    /** The entry was uploaded and cannot be voided here. */
    ALREADY_REPORTED("already_reported"),

    /** Another process or another open Terminal uses the data folder. */
    DATA_DIR_LOCKED("data_dir_locked"),

    /** The device's storage is full; nothing was acknowledged. */
    STORAGE_FULL("storage_full"),

    /** The data folder cannot be written. */
    STORAGE_READ_ONLY("storage_read_only"),

    /** A stored file is damaged beyond what can be set aside row by row. */
    STORAGE_DAMAGED("storage_damaged"),

    /** The parameters are wrong; the detail names the key. */
    INVALID_CONFIG("invalid_config"),

    /** A downloaded list is damaged or breaks its own rules; the list before it stays in force. */
    INVALID_LIST("invalid_list"),

    /** The JSON handed to the library is malformed or has a wrong field; the detail names it. */
    INVALID_REQUEST("invalid_request"),

    /** The caller cancelled the operation. */
    CANCELLED("cancelled"),

    /** The Terminal was closed. */
    CLOSED("closed"),

    /** A defect in the library; the error's text says where. */
    INTERNAL("internal"),

    /** The call needs an activated device. */
    NOT_ACTIVATED("not_activated"),

    /** The activation code ran out before it was entered in the portal. */
    ACTIVATION_EXPIRED("activation_expired"),

    /**
     * The token server refused this device's assertion, or the API refused a fresh token (HTTP 401): another key, a wrong
     * audience, or a clock too far off.
     */
    TOKEN_REFUSED("token_refused"),

    /** The device is suspended in the portal; nothing on it was changed. */
    DEVICE_SUSPENDED("device_suspended"),

    /** The device was taken out of service in the portal for good; nothing on it was changed. */
    DEVICE_DECOMMISSIONED("device_decommissioned"),

    /**
     * The device's token does not allow this operation: the scope of the parameters lacks it, or the server did not grant
     * it.
     */
    SCOPE_MISSING("scope_missing"),

    /** The state of the order, bill, payment or device does not allow this (HTTP 409). */
    CONFLICT("conflict"),

    /** There is no such order, bill or payment in the device's own store (HTTP 404). */
    NOT_FOUND("not_found"),

    /** Another connection of the same device took the channel over (close code 4409). */
    REPLACED("replaced"),

    /**
     * The request went out and no answer came: it may have been done. Ask again with the same idempotency key, which the
     * error names.
     */
    OUTCOME_UNKNOWN("outcome_unknown"),

    /** The address of the event stream cannot be listened on: in use, not of this device, or not permitted. */
    ADDRESS_UNAVAILABLE("address_unavailable"),

    /** A POS refused the registration; the notice refused before it has the POS's own word. */
    REGISTRATION_REFUSED("registration_refused"),

    /** A POS sent what is no message of the protocol, or one out of turn; its connection was closed. */
    MESSAGE_INVALID("message_invalid"),

    /**
     * What a POS sent does not open: other AES settings on the two sides, or it was changed on its way. Its connection
     * was closed.
     */
    DECRYPT_FAILED("decrypt_failed"),

    /**
     * The listener took more than 4 s for an event, or too many events waited for it. The connection was closed; the
     * POS connects and sends again.
     */
    LISTENER_SLOW("listener_slow"),

    /**
     * The listener threw. The event was not acknowledged and the connection was closed; the POS connects and sends
     * again.
     */
    LISTENER_FAILED("listener_failed"),

    /** No payment with this id was begun here. */
    PAYMENT_UNKNOWN("payment_unknown"),

    /** The PaymentIntent or its payment token ran out; a new one is needed, under a new merchant_ref_id. */
    PAYMENT_EXPIRED("payment_expired"),

    /** The amount is not a whole number from 1 to 2^53-1 in the currency's smallest unit (yen); nothing was sent. */
    INVALID_AMOUNT("invalid_amount"),

    /** The gateway does not accept this payment token: wrong, of another PaymentIntent, or used up. */
    TOKEN_INVALID("token_invalid"),

    /**
     * The Credit Card App gave no result, or one that cannot be read: the payment may have been made, and stays open.
     */
    CARD_APP_RESULT_INVALID("card_app_result_invalid"),

    /**
     * The result belongs to another card payment than the one asked about, or to one of several and does not say
     * which.
     */
    FOREIGN_CORR_ID("foreign_corr_id"),

    /** The payment has its result already; the first one stays. */
    ALREADY_RESOLVED("already_resolved"),

    /** The card's status check failed; presented again, the card gets an amount check. */
    CARD_ASI_FAILED("CARD_ASI_FAILED"),

    /** Not enough funds for the authorisation. */
    CARD_AUTH_INSUFFICIENT_FUNDS("CARD_AUTH_INSUFFICIENT_FUNDS"),

    /** The amount check failed. */
    CARD_AMOUNT_AUTH_FAILED("CARD_AMOUNT_AUTH_FAILED"),

    /** The card's usage limit is used up. */
    LIMIT_EXCEEDED("LIMIT_EXCEEDED"),

    /** The conditions of the service are not met. */
    UNMET_REQUIREMENTS("UNMET_REQUIREMENTS"),

    /**
     * The card was just used and its transaction is not finished (also read in the vendor's spelling
     * TEMPORARILT_BLOCKED).
     */
    TEMPORARILY_BLOCKED("TEMPORARILY_BLOCKED"),

    /** No rule admits this card at this location. */
    MISSING_ACCESS_RULES("MISSING_ACCESS_RULES"),

    /** The terminal is not assigned to a location. */
    UNKNOWN_DEVICE("UNKNOWN_DEVICE"),

    /** A code that this version does not know. */
    UNRECOGNIZED("")
    ;

    /** The key of the operator's text in an app's translations, such as `fault.not_paired`. */
    public val i18nKey: String get() = "fault." + wire.lowercase()

    public companion object {
        private val byWire = values().associateBy { it.wire }

        /** The code of this name, [UNRECOGNIZED] when there is none. */
        @JvmStatic
        public fun of(wire: String): FaultCode = byWire[wire] ?: UNRECOGNIZED
    }
}

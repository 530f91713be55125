package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Mobile

/** What a caught exception of the binding means. */
internal fun terminalException(caught: Exception): TerminalException = when (caught) {
    is TerminalException -> caught
    else -> fault(Mobile.errorInfo(caught), caught)
}

/** The exception of an ErrorInfo. */
internal fun fault(errorInfo: String, cause: Throwable?): TerminalException {
    val info = decodeError(errorInfo)
    return TerminalException(
        code = FaultCode.of(info.code),
        rawCode = info.code,
        message = info.message,
        text = info.text,
        i18nKey = info.i18nKey,
        retryable = info.retryable,
        actor = lenient(info.actor, Actor.UNRECOGNIZED),
        needsNetwork = info.needsNetwork,
        cause = cause
    )
}

internal fun internalFault(message: String, cause: Throwable) = TerminalException(
    code = FaultCode.INTERNAL,
    rawCode = FaultCode.INTERNAL.wire,
    message = message,
    text = "Internal error. Contact support.",
    i18nKey = FaultCode.INTERNAL.i18nKey,
    retryable = false,
    actor = Actor.DEVELOPER,
    needsNetwork = false,
    cause = cause
)

/** Runs what may be the first use of the native library, and says it in words when there is none for this device. */
internal fun <T> loaded(use: () -> T): T = try {
    use()
} catch (e: LinkageError) {
    val abis = System.getProperty("os.arch")
    throw internalFault(
        "libgojni.so cannot be loaded on this device ($abis): the app must be built with the AAR of this version and " +
            "must keep its ABI (see abiFilters and splits): ${e.message}",
        e
    )
} catch (e: Exception) {
    throw terminalException(e)
}

package com.smartpos.terminal

/**
 * A call that failed. A denied card is no failure: it comes as a [Verdict].
 *
 * Decide by [code]; show [text], or its translation under [i18nKey]; log [message], which holds no secret and no card number.
 *
 * @property code what failed; [FaultCode.UNRECOGNIZED] when the library is newer than the app.
 * @property rawCode the name of the code, also of an unrecognized one.
 * @property text what to show to the operator, in English.
 * @property i18nKey the key of [text] in the app's translations.
 * @property retryable whether the same call can succeed later without anybody changing anything.
 * @property actor who must act.
 * @property needsNetwork whether the way out needs a working network.
 */
public class TerminalException internal constructor(
    public val code: FaultCode,
    public val rawCode: String,
    message: String,
    public val text: String,
    public val i18nKey: String,
    public val retryable: Boolean,
    public val actor: Actor,
    public val needsNetwork: Boolean,
    cause: Throwable? = null
) : Exception(message, cause)

/** Who must act for a call to succeed. */
public enum class Actor {
    /** The person at the terminal. */
    OPERATOR,

    /** Who made or configured the app. */
    DEVELOPER,

    /** Nobody: wait and try again. */
    NOBODY,

    /** One that this version does not know. */
    UNRECOGNIZED
}

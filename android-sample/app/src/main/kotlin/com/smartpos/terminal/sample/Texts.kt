package com.smartpos.terminal.sample

import android.annotation.SuppressLint
import android.content.Context
import android.text.format.DateUtils
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.Readiness
import com.smartpos.terminal.Reason
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.Verdict
import java.time.Duration
import java.time.Instant

/**
 * What there is to say, put into words only when it is shown: the string resource of [key] with [args], or [fallback], the
 * library's own English, when there is none.
 */
data class Message(val key: String, val args: List<Any?> = emptyList(), val fallback: String = "")

/** Why the card stays outside. A refusal of the server has a code, one of the lists a reason. */
fun Verdict.Denied.message() = Message(code?.i18nKey ?: reason.i18nKey, fallback = text)

/** Why nobody decided. */
fun Verdict.Unknown.message() = Message(onlineError?.i18nKey ?: reason.i18nKey, fallback = text)

/** What went wrong, for the operator. */
fun Throwable.message(): Message = when (this) {
    is NotSetUp -> Message("set_up_first")
    is Refused -> Message("refused", listOf(status))
    is TerminalException -> Message(i18nKey, fallback = text)
    else -> Message(FaultCode.INTERNAL.i18nKey)
}

private val Reason.i18nKey get() = "reason." + name.lowercase()

// By name, so that a translation of a new code needs no line of code.
@SuppressLint("DiscouragedApi")
fun Context.words(message: Message): String {
    val id = resources.getIdentifier(message.key.replace('.', '_'), "string", packageName)
    val args = message.args.map {
        when (it) {
            is Instant -> words(it)
            is Message -> words(it)
            else -> it
        }
    }
    return if (id == 0) message.fallback else getString(id, *args.toTypedArray())
}

/** A finding of the self-test, with what to do. */
fun Readiness.Finding.message() =
    Message("severity_" + severity.name.lowercase(), listOf(listOfNotNull(message, fix).joinToString("\n")))

/** An age in hours and minutes. */
fun Context.words(age: Duration): String = getString(R.string.hours_minutes, age.toHours(), age.toMinutes() % 60)

fun Context.words(at: Instant): String =
    DateUtils.formatDateTime(this, at.toEpochMilli(), DateUtils.FORMAT_SHOW_DATE or DateUtils.FORMAT_SHOW_TIME)

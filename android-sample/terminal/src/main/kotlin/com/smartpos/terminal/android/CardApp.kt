package com.smartpos.terminal.android

import android.annotation.TargetApi
import android.app.Activity
import android.content.Context
import android.content.Intent
import android.content.pm.PackageManager
import android.content.pm.Signature
import android.os.Build
import com.smartpos.terminal.CardAppAnswer
import com.smartpos.terminal.CardLaunch
import java.security.MessageDigest

private const val RESULT = "result"
private const val HASH_DIGITS = 64

/**
 * The Credit Card App on this device, trusted by its signature. Look with [find] before a payment is made at the backend; then
 * [intent], or [CardAppContract], starts it. Immutable; safe for concurrent use.
 *
 * On Android 11 and newer an app sees another one only when its manifest names it: the library's manifest does, for [PACKAGE].
 *
 * @param certificates the SHA-256 of every signing certificate that is trusted, 64 hex digits, colons allowed, as `apksigner verify
 * --print-certs` or `keytool -list` print it.
 * @throws IllegalArgumentException when there is none, or one is of another form.
 */
public class CardApp(vararg certificates: String) {
    private val trusted: Set<String> = certificates.map { it.replace(":", "").lowercase() }.toSet()

    init {
        require(trusted.isNotEmpty()) { "name the certificate that the Credit Card App is signed with" }
        require(trusted.all { it.length == HASH_DIGITS && it.all { c -> c in '0'..'9' || c in 'a'..'f' } }) {
            "a certificate is named by the 64 hex digits of its SHA-256"
        }
    }

    /** Whether the Credit Card App is there and signed by whom it should be. */
    public fun find(context: Context): Found = find(context, PACKAGE)

    /**
     * The explicit Intent of [launch], once the app that it is for was found [Found.READY]. Start it for a result, and give the
     * result to [answer].
     *
     * @throws CardAppException when the app is missing or signed by another; the payment is open then and nobody was asked for
     * money: resolve it as cancelled.
     */
    @Throws(CardAppException::class)
    public fun intent(context: Context, launch: CardLaunch): Intent {
        val found = find(context, launch.packageName)
        if (found != Found.READY) {
            throw CardAppException(found, launch.packageName)
        }
        val intent = Intent().setClassName(launch.packageName, launch.className)
        launch.extras.forEach { (name, value) -> intent.putExtra(name, value) }
        return intent
    }

    // An app that is signed by one certificate has proven to own also those that it had before; one that is signed by several must
    // be trusted in all of them.
    private fun find(context: Context, packageName: String): Found = try {
        val manager = context.packageManager
        val ready = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            isTrusted(manager, packageName)
        } else {
            areTrusted(signatures(manager, packageName))
        }
        if (ready) Found.READY else Found.FOREIGN
    } catch (_: PackageManager.NameNotFoundException) {
        Found.MISSING
    }

    @TargetApi(Build.VERSION_CODES.P)
    private fun isTrusted(manager: PackageManager, packageName: String): Boolean {
        val signing = manager.getPackageInfo(packageName, PackageManager.GET_SIGNING_CERTIFICATES).signingInfo ?: return false
        return if (signing.hasMultipleSigners()) {
            areTrusted(signing.apkContentsSigners)
        } else {
            signing.signingCertificateHistory.orEmpty().any { hash(it) in trusted }
        }
    }

    @Suppress("DEPRECATION") // all that Android 8 has
    private fun signatures(manager: PackageManager, packageName: String): Array<Signature>? =
        manager.getPackageInfo(packageName, PackageManager.GET_SIGNATURES).signatures

    private fun areTrusted(signers: Array<Signature>?): Boolean = !signers.isNullOrEmpty() && signers.all { hash(it) in trusted }

    private fun hash(signature: Signature): String =
        MessageDigest.getInstance("SHA-256").digest(signature.toByteArray()).joinToString("") { "%02x".format(it) }

    /** What there is of the Credit Card App. */
    public enum class Found {
        /** It is there, and trusted. */
        READY,

        /** It is not installed, or not visible to this app. */
        MISSING,

        /** An app of its name is there that is signed by another: give it nothing. */
        FOREIGN
    }

    public companion object {
        /** The package of the Credit Card App. */
        public const val PACKAGE: String = "com.demo.smarttab.creditcard"

        /** What came back to `onActivityResult`, for [com.smartpos.terminal.CardPayments.decodeResult]. Throws nothing. */
        @JvmStatic
        public fun answer(resultCode: Int, data: Intent?): CardAppAnswer {
            // The extras are another app's: what is no text, or does not open at all, tells as little as a code of its own.
            val result = try {
                data?.getStringExtra(RESULT).also { if (it == null && data?.hasExtra(RESULT) == true) return nothing }
            } catch (_: RuntimeException) {
                return nothing
            }
            return when (resultCode) {
                Activity.RESULT_OK -> CardAppAnswer(CardAppAnswer.Code.OK, result)
                Activity.RESULT_CANCELED -> CardAppAnswer(CardAppAnswer.Code.CANCELLED, result)
                else -> nothing
            }
        }

        private val nothing = CardAppAnswer(CardAppAnswer.Code.OTHER, null)
    }
}

/**
 * The Credit Card App cannot be started.
 *
 * @property found why: [CardApp.Found.MISSING] or [CardApp.Found.FOREIGN].
 */
public class CardAppException internal constructor(public val found: CardApp.Found, packageName: String) :
    Exception(
        if (found == CardApp.Found.MISSING) {
            "$packageName is not installed, or the manifest does not name it under queries"
        } else {
            "$packageName is signed by another than the trusted certificates: remove it and install the right one"
        }
    )

package com.smartpos.terminal.android

import android.annotation.TargetApi
import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.KeyProtection
import com.smartpos.terminal.KeyHost
import com.smartpos.terminal.KeyType
import java.security.GeneralSecurityException
import java.security.KeyPairGenerator
import java.security.KeyStore
import java.security.MessageDigest
import java.security.PrivateKey
import java.security.ProviderException
import java.security.Signature
import java.security.UnrecoverableKeyException
import java.security.spec.AlgorithmParameterSpec
import java.security.spec.ECGenParameterSpec
import java.security.spec.RSAKeyGenParameterSpec
import javax.crypto.KeyGenerator
import javax.crypto.Mac
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

private const val PROVIDER = "AndroidKeyStore"
private const val RSA_BITS = 2048
private const val HMAC = "HmacSHA256"
private const val HMAC_BLOCK = 64

/**
 * Keys in Android Keystore, which never leave it. Signing keys are made in StrongBox where the device has one that can, else in
 * the TEE; HMAC keys in the TEE, since every check needs one and StrongBox is slow. No key needs the user's authentication.
 *
 * A key that the system wiped or cannot use any more makes the library's call fail with
 * [com.smartpos.terminal.FaultCode.KEY_LOST]. Safe for concurrent use; every method blocks for the key store, tens of
 * milliseconds and for a new RSA key seconds.
 *
 * @param prefix is put before every alias. Two terminals in one app need two prefixes.
 */
public class AndroidKeyHost @JvmOverloads constructor(private val prefix: String = "smartpos.") : KeyHost {
    private val store: KeyStore by lazy { KeyStore.getInstance(PROVIDER).apply { load(null) } }

    override fun generateKey(alias: String, type: KeyType) {
        val (algorithm, parameters) = when (type) {
            KeyType.RSA_2048 -> KeyProperties.KEY_ALGORITHM_RSA to RSAKeyGenParameterSpec(RSA_BITS, RSAKeyGenParameterSpec.F4)
            KeyType.EC_P256 -> KeyProperties.KEY_ALGORITHM_EC to ECGenParameterSpec("secp256r1")
        }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            try {
                return generate(algorithm, inStrongBox(signing(alias, type, parameters)))
            } catch (_: ProviderException) {
                // No StrongBox, or one that cannot make this kind of key.
            }
        }
        generate(algorithm, signing(alias, type, parameters).build())
    }

    private fun signing(alias: String, type: KeyType, parameters: AlgorithmParameterSpec) =
        KeyGenParameterSpec.Builder(prefix + alias, KeyProperties.PURPOSE_SIGN)
            .setAlgorithmParameterSpec(parameters)
            .setDigests(KeyProperties.DIGEST_SHA256)
            .apply { if (type == KeyType.RSA_2048) setSignaturePaddings(KeyProperties.SIGNATURE_PADDING_RSA_PKCS1) }

    @TargetApi(Build.VERSION_CODES.P)
    private fun inStrongBox(builder: KeyGenParameterSpec.Builder) = builder.setIsStrongBoxBacked(true).build()

    private fun generate(algorithm: String, spec: KeyGenParameterSpec) {
        KeyPairGenerator.getInstance(algorithm, PROVIDER).apply { initialize(spec) }.generateKeyPair()
    }

    override fun publicKey(alias: String): ByteArray? = store.getCertificate(prefix + alias)?.publicKey?.encoded

    override fun sign(alias: String, message: ByteArray): ByteArray = patiently {
        val key = store.getKey(prefix + alias, null) as? PrivateKey ?: throw absent(alias)
        val scheme = if (key.algorithm == KeyProperties.KEY_ALGORITHM_RSA) "SHA256withRSA" else "SHA256withECDSA"
        Signature.getInstance(scheme).run {
            initSign(key)
            update(message)
            sign()
        }
    }

    override fun generateMac(alias: String) {
        val spec = KeyGenParameterSpec.Builder(prefix + alias, KeyProperties.PURPOSE_SIGN).build()
        KeyGenerator.getInstance(HMAC, PROVIDER).apply { init(spec) }.generateKey()
    }

    override fun importMac(alias: String, secret: ByteArray) {
        // HMAC itself hashes a key longer than a block, and key stores take no longer ones.
        val key = if (secret.size > HMAC_BLOCK) MessageDigest.getInstance("SHA-256").digest(secret) else secret.copyOf()
        try {
            store.setEntry(
                prefix + alias,
                KeyStore.SecretKeyEntry(SecretKeySpec(key, HMAC)),
                KeyProtection.Builder(KeyProperties.PURPOSE_SIGN).build()
            )
        } finally {
            key.fill(0)
        }
    }

    override fun hasMac(alias: String): Boolean = store.getKey(prefix + alias, null) is SecretKey

    override fun mac(alias: String, message: ByteArray): ByteArray = patiently {
        val key = store.getKey(prefix + alias, null) as? SecretKey ?: throw absent(alias)
        Mac.getInstance(HMAC).run {
            init(key)
            doFinal(message)
        }
    }

    override fun delete(alias: String) {
        if (store.containsAlias(prefix + alias)) {
            store.deleteEntry(prefix + alias)
        }
    }

    private fun absent(alias: String) = UnrecoverableKeyException("the key store has no key $prefix$alias")

    /** A busy key store fails once; a lost key fails again. */
    private fun <T> patiently(use: () -> T): T = try {
        use()
    } catch (_: GeneralSecurityException) {
        use()
    } catch (_: ProviderException) {
        use()
    }
}

package com.smartpos.terminal.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.KeyProtection
import android.security.keystore.StrongBoxUnavailableException
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.KeyStore
import java.security.KeyStoreException
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.PublicKey
import java.security.SecureRandom
import java.security.Security
import java.security.UnrecoverableKeyException
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

/**
 * A provider under the name of Android Keystore with software keys. It is not the real one: it knows the rules that an app can
 * break, such as purposes, digests and the length of an imported key, and nothing of hardware, of its speed and of its faults.
 */
object FakeAndroidKeyStore {
    private const val NAME = "AndroidKeyStore"
    internal const val LONGEST_HMAC_KEY = 64

    internal sealed interface Entry

    internal class Pair(val pair: KeyPair, val spec: KeyGenParameterSpec) : Entry

    internal class Secret(val key: SecretKey) : Entry

    internal object Lost : Entry

    internal val entries = ConcurrentHashMap<String, Entry>()

    /** Whether the device has a StrongBox. */
    @Volatile
    var strongBox: Boolean = false

    /** Takes the place of the provider, empty. */
    fun install() {
        entries.clear()
        strongBox = false
        Security.removeProvider(NAME)
        Security.addProvider(FakeProvider(NAME))
    }

    /** What the system does to a key when the lock screen is removed, or after some updates. */
    fun lose(alias: String) {
        check(entries.replace(alias, Lost) != null) { "there is no key $alias" }
    }

    /** How a key was made. */
    fun specOf(alias: String): KeyGenParameterSpec = (entries.getValue(alias) as Pair).spec
}

private class FakeProvider(name: String) : Provider(name, "1", "software keys under Android's name") {
    init {
        put("KeyStore.AndroidKeyStore", FakeKeyStore::class.java.name)
        put("KeyPairGenerator.RSA", FakeRsa::class.java.name)
        put("KeyPairGenerator.EC", FakeEc::class.java.name)
        put("KeyGenerator.HmacSHA256", FakeHmac::class.java.name)
        put("KeyGenerator.AES", FakeAes::class.java.name)
    }
}

/** Makes keys of one algorithm by the rules of its parameters. */
open class FakeKeyPairs(private val algorithm: String) : KeyPairGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun initialize(keysize: Int, random: SecureRandom?) =
        throw UnsupportedOperationException("Android wants a KeyGenParameterSpec")

    override fun initialize(params: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = params as KeyGenParameterSpec
        require(spec.purposes == KeyProperties.PURPOSE_SIGN && spec.digests.contentEquals(arrayOf(KeyProperties.DIGEST_SHA256)))
        require(algorithm != "RSA" || spec.signaturePaddings.contentEquals(arrayOf(KeyProperties.SIGNATURE_PADDING_RSA_PKCS1)))
        require(!spec.isUserAuthenticationRequired)
    }

    override fun generateKeyPair(): KeyPair {
        if (spec.isStrongBoxBacked && !FakeAndroidKeyStore.strongBox) {
            throw StrongBoxUnavailableException("this device has none")
        }
        val pair = KeyPairGenerator.getInstance(algorithm).apply { initialize(spec.algorithmParameterSpec) }.generateKeyPair()
        FakeAndroidKeyStore.entries[spec.keystoreAlias] = FakeAndroidKeyStore.Pair(pair, spec)
        return pair
    }
}

class FakeRsa : FakeKeyPairs("RSA")

class FakeEc : FakeKeyPairs("EC")

/** Makes secret keys of one algorithm by the rules of its parameters. */
open class FakeKeys(private val algorithm: String, private val purposes: Int) : KeyGeneratorSpi() {
    protected lateinit var spec: KeyGenParameterSpec

    override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineInit(keysize: Int, random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = params as KeyGenParameterSpec
        require(spec.purposes == purposes)
    }

    override fun engineGenerateKey(): SecretKey {
        val key = SecretKeySpec(ByteArray(32).also(SecureRandom()::nextBytes), algorithm)
        FakeAndroidKeyStore.entries[spec.keystoreAlias] = FakeAndroidKeyStore.Secret(key)
        return key
    }
}

class FakeHmac : FakeKeys("HmacSHA256", KeyProperties.PURPOSE_SIGN)

class FakeAes : FakeKeys("AES", KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT) {
    override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
        super.engineInit(params, random)
        require(spec.keySize == 256 && spec.blockModes.contentEquals(arrayOf(KeyProperties.BLOCK_MODE_GCM)))
        require(spec.encryptionPaddings.contentEquals(arrayOf(KeyProperties.ENCRYPTION_PADDING_NONE)))
    }
}

class FakeKeyStore : KeyStoreSpi() {
    private fun entry(alias: String): FakeAndroidKeyStore.Entry? = FakeAndroidKeyStore.entries[alias]

    override fun engineGetKey(alias: String, password: CharArray?): Key? = when (val entry = entry(alias)) {
        null -> null
        is FakeAndroidKeyStore.Pair -> entry.pair.private
        is FakeAndroidKeyStore.Secret -> entry.key
        is FakeAndroidKeyStore.Lost -> throw UnrecoverableKeyException("Failed to obtain information about key")
    }

    override fun engineGetCertificate(alias: String): Certificate? = (entry(alias) as? FakeAndroidKeyStore.Pair)?.let {
        PublicPart(it.pair.public)
    }

    override fun engineSetEntry(alias: String, entry: KeyStore.Entry, protection: KeyStore.ProtectionParameter) {
        require((protection as KeyProtection).purposes == KeyProperties.PURPOSE_SIGN)
        val key = (entry as KeyStore.SecretKeyEntry).secretKey
        if (key.encoded.size > FakeAndroidKeyStore.LONGEST_HMAC_KEY) {
            throw KeyStoreException("unsupported key size")
        }
        FakeAndroidKeyStore.entries[alias] = FakeAndroidKeyStore.Secret(key)
    }

    override fun engineDeleteEntry(alias: String) {
        FakeAndroidKeyStore.entries.remove(alias) ?: throw KeyStoreException("no entry $alias")
    }

    override fun engineContainsAlias(alias: String): Boolean = entry(alias) != null

    override fun engineIsKeyEntry(alias: String): Boolean = entry(alias) != null

    override fun engineAliases(): Enumeration<String> = Collections.enumeration(FakeAndroidKeyStore.entries.keys)

    override fun engineSize(): Int = FakeAndroidKeyStore.entries.size

    override fun engineLoad(stream: InputStream?, password: CharArray?) = require(stream == null)

    override fun engineStore(stream: OutputStream?, password: CharArray?) = throw UnsupportedOperationException()

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? = engineGetCertificate(alias)?.let { arrayOf(it) }

    override fun engineGetCreationDate(alias: String): Date? = null

    override fun engineSetKeyEntry(alias: String, key: Key, password: CharArray?, chain: Array<out Certificate>?) =
        throw UnsupportedOperationException()

    override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<out Certificate>?) =
        throw UnsupportedOperationException()

    override fun engineSetCertificateEntry(alias: String, cert: Certificate) = throw UnsupportedOperationException()

    override fun engineIsCertificateEntry(alias: String): Boolean = false

    override fun engineGetCertificateAlias(cert: Certificate): String? = null
}

/** Android wraps a public key into a certificate; only the key counts. */
private class PublicPart(private val key: PublicKey) : Certificate("X.509") {
    override fun getPublicKey(): PublicKey = key

    override fun getEncoded(): ByteArray = key.encoded

    override fun verify(key: PublicKey) = Unit

    override fun verify(key: PublicKey, sigProvider: String) = Unit

    override fun toString(): String = "certificate"
}

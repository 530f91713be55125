package com.smartpos.terminal.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.util.AtomicFile
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.ProviderException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

private const val PROVIDER = "AndroidKeyStore"
private const val CIPHER = "AES/GCM/NoPadding"
private const val KEY_BITS = 256
private const val NONCE_BYTES = 12
private const val TAG_BITS = 128

/**
 * Keeps a secret that has to be given in the clear again, such as that of [com.smartpos.terminal.EventStream]: in [file], sealed
 * with AES-256-GCM under a key that never leaves Android Keystore. A secret that only signs belongs into [AndroidKeyHost] instead.
 *
 * Every method blocks for storage and key store: call it off the main thread. Not for several writers at once.
 *
 * @param file in a folder that is in no backup, such as `Context.getNoBackupFilesDir()`, since the key is in none either. Its name
 * is that of the key, so two secrets in one app need two names.
 */
public class SecretFile(private val file: File) {
    private val alias = "smartpos.file." + file.name
    private val store: KeyStore by lazy { KeyStore.getInstance(PROVIDER).apply { load(null) } }

    /**
     * Keeps [secret] in the place of what was there; it is on disk when this returns. After an exception what was there still is. The
     * caller clears its own array.
     *
     * @throws IOException when the storage does not take it, [GeneralSecurityException] or [ProviderException] when the key store
     * makes no key.
     */
    @Throws(IOException::class, GeneralSecurityException::class)
    public fun write(secret: ByteArray) {
        val sealed = seal(secret)
        val atomic = AtomicFile(file)
        val output = atomic.startWrite()
        try {
            output.write(sealed)
            atomic.finishWrite(output)
        } catch (e: Exception) {
            atomic.failWrite(output)
            throw e
        }
    }

    // A key that works serves on, for what is in the file is sealed with it until the new file is in its place.
    private fun seal(secret: ByteArray): ByteArray = try {
        seal(secret, store.getKey(alias, null) as? SecretKey ?: newKey())
    } catch (_: GeneralSecurityException) {
        seal(secret, newKey())
    } catch (_: ProviderException) {
        seal(secret, newKey())
    }

    // The key store makes each nonce itself.
    private fun seal(secret: ByteArray, key: SecretKey): ByteArray {
        val cipher = Cipher.getInstance(CIPHER).apply { init(Cipher.ENCRYPT_MODE, key) }
        return cipher.iv + cipher.doFinal(secret)
    }

    private fun newKey(): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(alias, purposes).setKeySize(KEY_BITS)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM).setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE).build()
        return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()
    }

    /**
     * The secret; null when there is none, or when the system wiped its key or the file is damaged: ask for it again.
     *
     * @throws IOException when the storage does not give the file.
     */
    @Throws(IOException::class)
    public fun read(): ByteArray? {
        val sealed = try {
            AtomicFile(file).readFully()
        } catch (_: FileNotFoundException) {
            return null
        }
        return if (sealed.size > NONCE_BYTES) open(sealed) ?: open(sealed) else null // a busy key store fails once
    }

    private fun open(sealed: ByteArray): ByteArray? = try {
        val key = store.getKey(alias, null) as? SecretKey
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, sealed, 0, NONCE_BYTES))
        cipher.doFinal(sealed, NONCE_BYTES, sealed.size - NONCE_BYTES)
    } catch (_: GeneralSecurityException) {
        null
    } catch (_: ProviderException) {
        null
    }
}

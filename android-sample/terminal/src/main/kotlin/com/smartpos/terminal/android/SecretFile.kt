package com.smartpos.terminal.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.util.AtomicFile
import java.io.File
import java.io.FileNotFoundException
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

    /** Keeps [secret] in the place of what was there; it is on disk when this returns. The caller clears its own array. */
    public fun write(secret: ByteArray) {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(alias, purposes).setKeySize(KEY_BITS)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM).setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE).build()
        // A new key each time, so that a lost one is in nobody's way.
        val key = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()
        val cipher = Cipher.getInstance(CIPHER).apply { init(Cipher.ENCRYPT_MODE, key) }
        val sealed = cipher.iv + cipher.doFinal(secret)
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

    /** The secret; null when there is none, or when the system wiped its key or the file is damaged: ask for it again. */
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

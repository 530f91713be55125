package com.smartpos.terminal

import java.io.File
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.security.GeneralSecurityException
import java.security.KeyFactory
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.PrivateKey
import java.security.SecureRandom
import java.security.Signature
import java.security.spec.ECGenParameterSpec
import java.security.spec.PKCS8EncodedKeySpec
import java.security.spec.RSAKeyGenParameterSpec
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

/** Keys in files, open to everybody: for tests on a plain JVM, also over a kill. */
open class JcaKeyHost(private val folder: File) : KeyHost {
    init {
        folder.mkdirs()
    }

    override fun generateKey(alias: String, type: KeyType) {
        val pair: KeyPair = when (type) {
            KeyType.RSA_2048 -> KeyPairGenerator.getInstance("RSA").apply {
                initialize(RSAKeyGenParameterSpec(2048, RSAKeyGenParameterSpec.F4))
            }

            KeyType.EC_P256 -> KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }
        }.generateKeyPair()
        delete(alias)
        write("$alias.public", pair.public.encoded)
        write("$alias.${pair.private.algorithm}", pair.private.encoded)
    }

    override fun publicKey(alias: String): ByteArray? = read("$alias.public")

    override fun sign(alias: String, message: ByteArray): ByteArray {
        val key = privateKey(alias, "RSA") ?: privateKey(alias, "EC") ?: throw GeneralSecurityException("no key $alias")
        return Signature.getInstance(if (key.algorithm == "RSA") "SHA256withRSA" else "SHA256withECDSA").run {
            initSign(key)
            update(message)
            sign()
        }
    }

    private fun privateKey(alias: String, algorithm: String): PrivateKey? =
        read("$alias.$algorithm")?.let { KeyFactory.getInstance(algorithm).generatePrivate(PKCS8EncodedKeySpec(it)) }

    override fun generateMac(alias: String) = write("$alias.mac", ByteArray(32).also(SecureRandom()::nextBytes))

    override fun importMac(alias: String, secret: ByteArray) = write("$alias.mac", secret)

    override fun hasMac(alias: String): Boolean = read("$alias.mac") != null

    override fun mac(alias: String, message: ByteArray): ByteArray {
        val key = read("$alias.mac") ?: throw GeneralSecurityException("no key $alias")
        return Mac.getInstance("HmacSHA256").run {
            init(SecretKeySpec(key, "HmacSHA256"))
            doFinal(message)
        }
    }

    override fun delete(alias: String) = listOf("public", "RSA", "EC", "mac").forEach { File(folder, "$alias.$it").delete() }

    /** What the system does when it wipes a private key. */
    fun lose(alias: String) = listOf("RSA", "EC").forEach { File(folder, "$alias.$it").delete() }

    private fun read(name: String) = File(folder, name).takeIf { it.exists() }?.readBytes()

    private fun write(name: String, bytes: ByteArray) {
        val next = File.createTempFile(name, ".next", folder).apply { writeBytes(bytes) }
        Files.move(next.toPath(), File(folder, name).toPath(), StandardCopyOption.ATOMIC_MOVE)
    }
}

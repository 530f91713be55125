package com.smartpos.terminal

import java.io.File
import java.security.KeyFactory
import java.security.PublicKey
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.interfaces.RSAPublicKey
import java.security.spec.X509EncodedKeySpec
import kotlin.concurrent.thread
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory
import org.junit.jupiter.api.io.TempDir

/** What every key store of a terminal must do. Each test gets an empty store. */
object KeyHostConformance {
    interface Store {
        /** The store, as after a restart. */
        fun open(): KeyHost

        /** Makes the private part of a key unusable, as a system does. */
        fun lose(alias: String)
    }

    private const val MAC_SECRET = "macs-whitelist-test-secret-32-bytes-long"
    private const val MAC = "776b335fa71a1cbb68a108fab312ab75a4fbe6e9d200b240a744664a4be4e933"
    private val message = "header.claims".toByteArray()

    val all: Map<String, (Store) -> Unit> = mapOf(
        "signs with what it made" to { store ->
            val host = store.open()
            for (type in KeyType.entries) {
                host.generateKey("key", type)
                val public = public(host, "key", type)
                verify(public, host.sign("key", message))
                verify(public, store.open().sign("key", message))
                when (public) {
                    is RSAPublicKey -> assertEquals(2048 to 65537, public.modulus.bitLength() to public.publicExponent.toInt())
                    is ECPublicKey -> assertEquals(256, public.params.order.bitLength())
                }
            }
        },
        "replaces a key" to { store ->
            val host = store.open()
            host.generateKey("key", KeyType.EC_P256)
            val first = host.publicKey("key")!!
            host.generateKey("key", KeyType.EC_P256)
            assertFalse(first.contentEquals(host.publicKey("key")!!))
        },
        "has nothing that nobody made" to { store ->
            val host = store.open()
            assertNull(host.publicKey("absent"))
            assertFalse(host.hasMac("absent"))
            assertThrows(Exception::class.java) { host.sign("absent", message) }
            assertThrows(Exception::class.java) { host.mac("absent", message) }
            host.delete("absent")
        },
        "computes HMAC-SHA256" to { store ->
            store.open().importMac("mac", MAC_SECRET.toByteArray())
            assertTrue(store.open().hasMac("mac"))
            assertEquals(MAC, hex(store.open().mac("mac", "5555555555554444".toByteArray())))
        },
        "imports a copy, and replaces" to { store ->
            val host = store.open()
            val secret = MAC_SECRET.toByteArray()
            host.importMac("mac", secret)
            val before = host.mac("mac", message)
            secret.fill(0)
            assertArrayEquals(before, host.mac("mac", message))
            host.importMac("mac", ByteArray(32) { 7 })
            assertFalse(before.contentEquals(host.mac("mac", message)))
        },
        "imports secrets of every length" to { store ->
            val host = store.open()
            for (length in listOf(32, 63, 64, 65, 1024)) {
                val secret = ByteArray(length) { it.toByte() }
                host.importMac("mac", secret)
                val want = javax.crypto.Mac.getInstance("HmacSHA256").run {
                    init(javax.crypto.spec.SecretKeySpec(secret, "HmacSHA256"))
                    doFinal(message)
                }
                assertArrayEquals(want, host.mac("mac", message), "$length bytes")
            }
        },
        "makes MAC keys that differ" to { store ->
            val host = store.open()
            host.generateMac("a")
            host.generateMac("b")
            assertEquals(32, host.mac("a", message).size)
            assertFalse(host.mac("a", message).contentEquals(host.mac("b", message)))
        },
        "deletes keys of both kinds" to { store ->
            val host = store.open()
            host.generateKey("key", KeyType.EC_P256)
            host.generateMac("mac")
            listOf("key", "mac").forEach(host::delete)
            assertNull(store.open().publicKey("key"))
            assertFalse(store.open().hasMac("mac"))
        },
        "fails with a lost key" to { store ->
            val host = store.open()
            host.generateKey("key", KeyType.RSA_2048)
            store.lose("key")
            assertThrows(Exception::class.java) { host.sign("key", message) }
            host.delete("key")
            host.generateKey("key", KeyType.RSA_2048)
            verify(public(host, "key", KeyType.RSA_2048), host.sign("key", message))
        },
        "serves several threads" to { store ->
            val host = store.open()
            host.generateKey("key", KeyType.RSA_2048)
            host.importMac("mac", MAC_SECRET.toByteArray())
            val public = public(host, "key", KeyType.RSA_2048)
            val wrong = java.util.concurrent.ConcurrentLinkedQueue<Throwable>()
            List(8) {
                thread {
                    runCatching {
                        repeat(20) {
                            verify(public, host.sign("key", message))
                            assertEquals(MAC, hex(host.mac("mac", "5555555555554444".toByteArray())))
                        }
                    }.onFailure(wrong::add)
                }
            }.forEach { it.join() }
            assertTrue(wrong.isEmpty(), wrong.toString())
        }
    )

    private fun public(host: KeyHost, alias: String, type: KeyType): PublicKey = KeyFactory.getInstance(
        if (type ==
            KeyType.RSA_2048
        ) {
            "RSA"
        } else {
            "EC"
        }
    ).generatePublic(X509EncodedKeySpec(host.publicKey(alias)))

    private fun verify(public: PublicKey, signature: ByteArray) {
        val verifier = Signature.getInstance(if (public is RSAPublicKey) "SHA256withRSA" else "SHA256withECDSA")
        verifier.initVerify(public)
        verifier.update(message)
        assertTrue(verifier.verify(signature))
    }

    private fun hex(bytes: ByteArray) = bytes.joinToString("") { "%02x".format(it) }
}

/** The suite over the JVM's own cryptography. */
class JcaKeyHostTest {
    @TestFactory
    fun conforms(@TempDir folder: File): List<DynamicTest> = KeyHostConformance.all.entries.mapIndexed { i, (name, test) ->
        dynamicTest(name) {
            val keys = File(folder, "$i")
            test(
                object : KeyHostConformance.Store {
                    override fun open(): KeyHost = JcaKeyHost(keys)

                    override fun lose(alias: String) = JcaKeyHost(keys).lose(alias)
                }
            )
        }
    }
}

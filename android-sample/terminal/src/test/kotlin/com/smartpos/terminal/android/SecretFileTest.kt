package com.smartpos.terminal.android

import java.io.File
import java.io.IOException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner

/** A secret on disk, over [FakeAndroidKeyStore]. */
@RunWith(RobolectricTestRunner::class)
class SecretFileTest {
    @get:Rule
    val folder = TemporaryFolder()
    private val secret = "integrator-secret-0123456789".toByteArray()
    private val file get() = File(folder.root, "secret")

    @Before
    fun install() = FakeAndroidKeyStore.install()

    @Test
    fun `what was written is read by the next process, and is not in the file`() {
        assertNull(SecretFile(file).read())
        SecretFile(file).write("another".toByteArray())
        SecretFile(file).write(secret)
        assertArrayEquals(secret, SecretFile(file).read())
        assertFalse(String(file.readBytes(), Charsets.ISO_8859_1).contains(String(secret)))
    }

    @Test
    fun `a write that fails leaves what was there`() {
        SecretFile(file).write(secret)
        val inTheWay = File(folder.root, "secret.new").apply { mkdir() }
        assertThrows(IOException::class.java) { SecretFile(file).write("another".toByteArray()) }
        assertArrayEquals(secret, SecretFile(file).read())
        inTheWay.delete()
        SecretFile(file).write("another".toByteArray())
        assertArrayEquals("another".toByteArray(), SecretFile(file).read())
    }

    @Test
    fun `no nonce is used twice`() {
        val sealed = List(20) {
            SecretFile(file).write(secret)
            file.readBytes().take(12)
        }
        assertEquals(20, sealed.toSet().size)
    }

    @Test
    fun `without its key, or damaged, it is asked for again`() {
        SecretFile(file).write(secret)
        val sealed = file.readBytes()
        file.writeBytes(sealed.also { it[it.size - 1] = (it[it.size - 1] + 1).toByte() })
        assertNull("one bit is another", SecretFile(file).read())
        file.writeBytes(ByteArray(0))
        assertNull("nothing is left", SecretFile(file).read())

        SecretFile(file).write(secret)
        FakeAndroidKeyStore.lose("smartpos.file.secret")
        assertNull("the system wiped the key", SecretFile(file).read())
        SecretFile(file).write(secret)
        assertArrayEquals("and a new one is made", secret, SecretFile(file).read())
    }
}

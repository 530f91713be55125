package com.smartpos.terminal.android

import com.smartpos.terminal.KeyHost
import com.smartpos.terminal.KeyHostConformance
import com.smartpos.terminal.KeyType
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.ParameterizedRobolectricTestRunner
import org.robolectric.RobolectricTestRunner

/** The suite over [FakeAndroidKeyStore], which is not the real one. */
@RunWith(ParameterizedRobolectricTestRunner::class)
class AndroidKeyHostConformanceTest(private val name: String) {
    @Before
    fun install() = FakeAndroidKeyStore.install()

    @Test
    fun conforms() = KeyHostConformance.all.getValue(name)(
        object : KeyHostConformance.Store {
            override fun open(): KeyHost = AndroidKeyHost("test.")

            override fun lose(alias: String) = FakeAndroidKeyStore.lose("test.$alias")
        }
    )

    companion object {
        @JvmStatic
        @ParameterizedRobolectricTestRunner.Parameters(name = "{0}")
        fun names(): List<Array<Any>> = KeyHostConformance.all.keys.map { arrayOf(it) }
    }
}

@RunWith(RobolectricTestRunner::class)
class AndroidKeyHostTest {
    @Before
    fun install() = FakeAndroidKeyStore.install()

    @Test
    fun `signing keys are made in StrongBox where there is one`() {
        FakeAndroidKeyStore.strongBox = true
        AndroidKeyHost().generateKey("key", KeyType.RSA_2048)
        assertTrue(FakeAndroidKeyStore.specOf("smartpos.key").isStrongBoxBacked)

        FakeAndroidKeyStore.strongBox = false
        AndroidKeyHost().generateKey("key", KeyType.EC_P256)
        assertFalse(FakeAndroidKeyStore.specOf("smartpos.key").isStrongBoxBacked)
    }

    @Test
    fun `two prefixes are two sets of keys`() {
        AndroidKeyHost("a.").generateMac("mac")
        assertTrue(AndroidKeyHost("a.").hasMac("mac"))
        assertFalse(AndroidKeyHost("b.").hasMac("mac"))
        AndroidKeyHost("b.").delete("mac")
        assertEquals(true, AndroidKeyHost("a.").hasMac("mac"))
    }
}

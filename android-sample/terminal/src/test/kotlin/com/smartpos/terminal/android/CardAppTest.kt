package com.smartpos.terminal.android

import android.app.Activity
import android.app.Application
import android.content.Intent
import android.content.pm.PackageInfo
import android.content.pm.Signature
import android.content.pm.SigningInfo
import android.os.BadParcelableException
import android.os.Build
import com.smartpos.terminal.Bill
import com.smartpos.terminal.CardAppAnswer
import com.smartpos.terminal.CardLaunch
import com.smartpos.terminal.CardRequest
import com.smartpos.terminal.CardResult
import com.smartpos.terminal.Emulator
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalConfig
import com.smartpos.terminal.faultOf
import com.smartpos.terminal.text
import java.security.MessageDigest
import java.time.Duration
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import org.junit.AfterClass
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadow.api.Shadow
import org.robolectric.util.ReflectionHelpers

/** Who is trusted to take card payments, and what goes to it and comes back, on Robolectric's Android. */
@RunWith(TerminalRunner::class)
class CardAppTest {
    private val app: Application = RuntimeEnvironment.getApplication()
    private val vendor = Certificate("the vendor's")
    private val newer = Certificate("the vendor's next")
    private val stranger = Certificate("somebody's")
    private val trusting = CardApp(vendor.sha256)
    private val extras = mapOf("request" to "{}", "terminal_id" to "t")
    private val launch = CardLaunch("CORR-5-1769594520000", CardApp.PACKAGE, "${CardApp.PACKAGE}.MainActivity", extras)

    /** Puts an app of the Credit Card App's name on the device; before are certificates that it had. */
    private fun install(vararg signers: Certificate, before: List<Certificate> = emptyList()) {
        val signatures = signers.map { it.signature }.toTypedArray()
        val signing = Shadow.newInstanceOf(SigningInfo::class.java)
        shadowOf(signing).setSignatures(signatures)
        if (before.isNotEmpty()) {
            shadowOf(signing).setPastSigningCertificates((before + signers).map { it.signature }.toTypedArray())
        }
        shadowOf(app.packageManager).installPackage(
            PackageInfo().apply {
                packageName = CardApp.PACKAGE
                signingInfo = signing
                @Suppress("DEPRECATION")
                this.signatures = signatures
            }
        )
    }

    private fun onAndroid8(test: () -> Unit) {
        val now = Build.VERSION.SDK_INT
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", Build.VERSION_CODES.O)
        try {
            test()
        } finally {
            ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", now)
        }
    }

    private fun refused(): CardApp.Found {
        val fault = assertThrows(CardAppException::class.java) { CardAppContract(trusting).createIntent(app, launch) }
        assertTrue(fault.message, fault.message!!.startsWith(CardApp.PACKAGE))
        assertEquals(trusting.find(app), fault.found)
        return fault.found
    }

    @Test
    fun `an app that is not there is missing`() {
        assertEquals(CardApp.Found.MISSING, refused())
        onAndroid8 { assertEquals(CardApp.Found.MISSING, refused()) }
    }

    @Test
    fun `the vendor's app is sent the explicit Intent with both extras`() {
        install(vendor)
        val intent = CardAppContract(trusting).createIntent(app, launch)
        assertEquals("${CardApp.PACKAGE}/${CardApp.PACKAGE}.MainActivity", intent.component!!.flattenToString())
        assertEquals(setOf("request", "terminal_id"), intent.extras!!.keySet())
        assertEquals("{}" to "t", intent.getStringExtra("request") to intent.getStringExtra("terminal_id"))
        onAndroid8 { assertEquals(CardApp.Found.READY, trusting.find(app)) }
    }

    @Test
    fun `an app signed by another is given nothing`() {
        install(stranger)
        assertEquals(CardApp.Found.FOREIGN, refused())
        onAndroid8 { assertEquals(CardApp.Found.FOREIGN, refused()) }
        install()
        assertEquals("one that nobody signed", CardApp.Found.FOREIGN, refused())
        onAndroid8 { assertEquals(CardApp.Found.FOREIGN, refused()) }
    }

    @Test
    fun `of two signers both must be trusted`() {
        install(vendor, stranger)
        assertEquals(CardApp.Found.FOREIGN, refused())
        onAndroid8 { assertEquals(CardApp.Found.FOREIGN, refused()) }
        val both = CardApp(vendor.sha256, stranger.sha256)
        assertEquals(CardApp.Found.READY, both.find(app))
        onAndroid8 { assertEquals(CardApp.Found.READY, both.find(app)) }
    }

    @Test
    fun `an app that changed its certificate is still the vendor's`() {
        install(newer, before = listOf(vendor))
        assertEquals(CardApp.Found.READY, trusting.find(app))
        assertEquals(CardApp.Found.READY, CardApp(newer.sha256).find(app))
        assertEquals(CardApp.Found.FOREIGN, CardApp(stranger.sha256).find(app))
        install(vendor)
        assertEquals("the old app is none of the new certificate", CardApp.Found.FOREIGN, CardApp(newer.sha256).find(app))
    }

    @Test
    fun `a certificate is named as the tools print it, and no other way`() {
        install(vendor)
        val printed = vendor.sha256.uppercase().chunked(2).joinToString(":")
        assertEquals(CardApp.Found.READY, CardApp(printed).find(app))
        for (wrong in listOf("", "abc", vendor.sha256.dropLast(1) + "x", vendor.sha256 + "00")) {
            assertThrows(IllegalArgumentException::class.java) { CardApp(wrong) }
        }
        assertThrows(IllegalArgumentException::class.java) { CardApp() }
    }

    @Test
    fun `what comes back is kept as it is`() {
        val contract = CardAppContract(trusting)
        fun read(code: Int, data: Intent?) = contract.parseResult(code, data).let { it.code to it.result }
        val result = Intent().putExtra("result", """{"status":"success"}""")
        assertEquals(CardAppAnswer.Code.OK to """{"status":"success"}""", read(Activity.RESULT_OK, result))
        assertEquals(CardAppAnswer.Code.CANCELLED to """{"status":"success"}""", read(Activity.RESULT_CANCELED, result))
        assertEquals(CardAppAnswer.Code.OK to null, read(Activity.RESULT_OK, null))
        assertEquals(CardAppAnswer.Code.CANCELLED to null, read(Activity.RESULT_CANCELED, Intent()))
        assertEquals(CardAppAnswer.Code.OTHER to null, read(Activity.RESULT_FIRST_USER, result))
        assertEquals(CardAppAnswer.Code.OTHER to null, read(Activity.RESULT_CANCELED, Intent().putExtra("result", 7)))
        val broken = object : Intent() {
            override fun getStringExtra(name: String?): String? = throw BadParcelableException("another app's class")
        }
        assertEquals(CardAppAnswer.Code.OTHER to null, read(Activity.RESULT_CANCELED, broken))
    }

    @Test
    fun `a bill is paid through the other app's screen`() {
        FakeAndroidKeyStore.install()
        install(vendor)
        val environment = AndroidEnvironment(app)
        val config = TerminalConfig.Builder("SN-ANDROID-CARD", environment.dataFolder).device(emulator.device().build())
            .onlineTimeout(Duration.ofSeconds(30)).build()
        runBlocking {
            val terminal = withContext(Dispatchers.IO) { Terminal.open(config, environment.host()) }
            emulator.activate(terminal.requestActivation().code!!)
            terminal.awaitActivation(Duration.ofSeconds(30))
            val bill = Bill.at(terminal)

            val launch = terminal.cardPayments.encodeRequest(CardRequest(380, 5, "AUTH01", text(bill.pay("credit_card"), "id")))
            assertEquals("the manifest's queries name it", CardApp.PACKAGE, launch.packageName)
            val screen = Robolectric.buildActivity(Screen::class.java).setup().get()
            screen.startActivityForResult(trusting.intent(screen, launch), 1)
            val asked = shadowOf(screen).nextStartedActivityForResult.intent
            assertEquals(launch.extras["request"], asked.getStringExtra("request"))
            val result = Intent().putExtra("result", emulator.cardApp("approve", launch))
            shadowOf(screen).receiveResult(asked, Activity.RESULT_OK, result)
            val paid = terminal.cardPayments.decodeResult(screen.answer!!, launch.corrId)
            assertEquals(CardResult.Status.SUCCESS, paid.status)
            assertTrue(terminal.cardPayments.record(launch.corrId).recorded)
            bill.awaitPaid()

            val lost = terminal.cardPayments.encodeRequest(CardRequest(380, 5, "AUTH01"))
            screen.startActivityForResult(trusting.intent(screen, lost), 1)
            shadowOf(screen).receiveResult(shadowOf(screen).nextStartedActivityForResult.intent, Activity.RESULT_OK, null)
            assertNull(screen.answer!!.result)
            assertEquals(FaultCode.CARD_APP_RESULT_INVALID, faultOf { terminal.cardPayments.decodeResult(screen.answer!!) }.code)
            assertEquals(lost.corrId, terminal.cardPayments.pending().unknown.single().corrId)
            withContext(Dispatchers.IO) { terminal.close() }
        }
    }

    private class Certificate(text: String) {
        private val bytes = text.toByteArray()
        val signature = Signature(bytes)
        val sha256: String = MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { "%02x".format(it) }
    }

    /** A screen without androidx. */
    class Screen : Activity() {
        var answer: CardAppAnswer? = null

        @Deprecated("as Android has it")
        override fun onActivityResult(requestCode: Int, resultCode: Int, data: Intent?) {
            answer = CardApp.answer(resultCode, data)
        }
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterClass
        fun stop() = emulator.close()
    }
}

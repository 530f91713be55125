package com.smartpos.terminal.sample

import android.content.res.Configuration
import android.view.View
import android.view.ViewGroup
import android.view.WindowManager
import android.widget.Button
import android.widget.EditText
import android.widget.TextView
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.Reason
import java.util.Locale
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf

/** What holds for every screen. */
class ScreensTest : SampleTest() {
    private val screens = listOf(
        GateActivity::class.java,
        QueueActivity::class.java,
        DeviceActivity::class.java,
        OrdersActivity::class.java,
        CheckoutActivity::class.java,
        SetupActivity::class.java
    )

    @Test
    fun `no screen can be captured`() {
        for (screen in screens) {
            val flags = open(screen).get().window.attributes.flags
            assertNotEquals(screen.simpleName, 0, flags and WindowManager.LayoutParams.FLAG_SECURE)
        }
    }

    @Test
    fun `TalkBack has a word for every control, and speaks what changes`() {
        for (screen in screens) {
            val activity = open(screen).get()
            val views = all(activity.findViewById(android.R.id.content))
            val labelled = views.filterIsInstance<TextView>().map { it.labelFor }
            for (view in views.filter { it is Button || it is EditText }) {
                val spoken = view.contentDescription ?: (view as? Button)?.text ?: ""
                assertTrue(
                    screen.simpleName + " " + activity.resources.getResourceEntryName(view.id),
                    spoken.isNotEmpty() || view.id in labelled
                )
            }
            assertEquals(
                View.ACCESSIBILITY_LIVE_REGION_POLITE,
                activity.findViewById<View>(R.id.offline_banner).accessibilityLiveRegion
            )
        }
        val verdict = open(GateActivity::class.java).get().findViewById<View>(R.id.verdict)
        assertEquals(View.ACCESSIBILITY_LIVE_REGION_ASSERTIVE, verdict.accessibilityLiveRegion)
    }

    @Test
    fun `the buttons at the top lead from screen to screen`() {
        val gate = open(GateActivity::class.java).get()
        gate.press(R.id.go_queue)
        assertEquals(QueueActivity::class.java.name, shadowOf(gate).nextStartedActivity.component?.className)
        gate.press(R.id.go_setup)
        assertEquals(SetupActivity::class.java.name, shadowOf(gate).nextStartedActivity.component?.className)
    }

    @Test
    fun `every code and reason is translated, an unknown one is shown as the library says it`() {
        val keys = FaultCode.values().filter { it != FaultCode.UNRECOGNIZED }.map { it.i18nKey } +
            listOf(
                Reason.NOT_LISTED,
                Reason.LIST_MISSING,
                Reason.LIST_STALE,
                Reason.RECENT_REFUSAL,
                Reason.LIMIT,
                Reason.OFFLINE_DISABLED
            )
                .map { "reason." + it.name.lowercase() }
        val (english, japanese) = languages
        for (key in keys) {
            val message = Message(key, fallback = "none")
            assertNotEquals(key, "none", english.words(message))
            assertNotEquals(key, english.words(message), japanese.words(message))
        }
        assertEquals("A newer text.", english.words(Message("fault.of_tomorrow", fallback = "A newer text.")))
    }

    @Test
    fun `every text is there in two languages, with the same places to fill in`() {
        val (english, japanese) = languages
        val place = Regex("%[0-9]\\$")
        for (text in R.string::class.java.fields.filter { !it.name.startsWith("default_") && it.name !in signs }) {
            val (one, other) = listOf(english, japanese).map { it.getText(text.getInt(null)).toString() }
            assertNotEquals(text.name, one, other)
            val (places, others) = listOf(one, other).map { words -> place.findAll(words).map { it.value }.toSet() }
            assertEquals(text.name, places, others)
        }
    }

    private val signs = setOf("plus", "minus")

    private val languages
        get() = listOf(Locale.ENGLISH, Locale.JAPANESE).map { language ->
            app.createConfigurationContext(Configuration(app.resources.configuration).apply { setLocale(language) })
        }

    private fun all(view: View): List<View> =
        listOf(view) + if (view is ViewGroup) (0 until view.childCount).flatMap { all(view.getChildAt(it)) } else emptyList()
}

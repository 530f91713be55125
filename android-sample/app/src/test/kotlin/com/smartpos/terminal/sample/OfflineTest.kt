package com.smartpos.terminal.sample

import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import com.smartpos.terminal.Pan
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkCapabilities

/** The gate without network, and what comes after. */
class OfflineTest : SampleTest() {
    @Test
    fun `in airplane mode from a cold start a listed card enters, and is reported later`() {
        paired()
        synced()
        emulator.fault("refuse")
        restartProcess()

        val gate = open(GateActivity::class.java).get()
        check(gate, Pan.LISTED)
        untilGateSays(gate, "Allowed (offline)")
        gate.choose(1)
        gate.press(R.id.confirm)
        untilGateSays(gate, "Entered")
        check(gate, Pan.UNKNOWN)
        untilGateSays(gate, "Denied\nThis card is not on the offline lists.")

        val queue = open(QueueActivity::class.java).get()
        until("one waits") { queue.says(R.id.pending).contains("Waiting for upload: 1") }
        assertTrue(queue.says(R.id.lists), queue.says(R.id.lists).startsWith("Lists: 1 cards"))
        queue.press(R.id.upload)
        until("the error is shown") { queue.says(R.id.last_error).contains("No connection to the server.") }
        assertTrue(emulator.entries(sn).isEmpty())

        emulator.noFaults()
        queue.press(R.id.upload)
        until("uploaded") { queue.says(R.id.message) == "Uploaded: 1, still waiting: 0, set aside: 0." }
        until("none waits") { queue.says(R.id.pending).contains("Waiting for upload: 0") }
        val entry = emulator.entries(sn).single()
        assertEquals("\"offline\"", entry["mode"].toString())
        assertEquals("1", entry["guests"].toString())
    }

    @Test
    fun `without lists nobody enters offline`() {
        paired()
        emulator.fault("refuse")
        val gate = open(GateActivity::class.java).get()
        check(gate, Pan.LISTED)
        untilGateSays(gate, "Denied\nThere are no offline lists yet. Connect and sync the terminal.")
        val queue = open(QueueActivity::class.java).get()
        until("lists are missing") { queue.says(R.id.lists) == "No lists yet: sync." }
        queue.press(R.id.sync)
        until("the error is shown") { queue.says(R.id.last_error).contains("No connection to the server.") }
        restartProcess()
        val again = open(QueueActivity::class.java).get()
        until("the last error outlives the process") { again.says(R.id.last_error).contains("No connection to the server.") }
    }

    @Test
    fun `the banner follows the network`() {
        val connectivity = app.getSystemService(ConnectivityManager::class.java)
        val network = connectivity.activeNetwork!!
        val internet = ShadowNetworkCapabilities.newInstance()
        shadowOf(internet).addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
        val gate = open(GateActivity::class.java).get()
        until("offline") { gate.shows(R.id.offline_banner) }
        shadowOf(connectivity).networkCallbacks.toList().forEach { it.onCapabilitiesChanged(network, internet) }
        until("online") { !gate.shows(R.id.offline_banner) }
        shadowOf(connectivity).networkCallbacks.toList().forEach { it.onLost(network) }
        until("offline again") { gate.shows(R.id.offline_banner) }
    }
}

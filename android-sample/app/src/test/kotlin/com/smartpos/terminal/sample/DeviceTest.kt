package com.smartpos.terminal.sample

import android.app.Activity
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

/** Activation, token and channel, by clicks that end in Go. */
class DeviceTest : SampleTest() {
    private fun setUp() {
        val setup = open(SetupActivity::class.java).get()
        save(setup, server = "", secret = "") { it.device() }
        until("saved") { setup.says(R.id.message) == "Saved." }
    }

    private fun pending(device: Activity): String {
        device.press(R.id.activate)
        until("a code") { device.says(R.id.activation_code).length == 8 }
        return device.says(R.id.activation_code)
    }

    private fun online(device: Activity) = until("online") { device.says(R.id.channel) == "Channel: online" }

    @Test
    fun `a device is activated, gets tokens and hears events`() {
        setUp()
        val device = open(DeviceActivity::class.java).get()
        assertEquals("Not activated.", device.says(R.id.activation))
        val code = pending(device)
        assertTrue(device.says(R.id.activation), device.says(R.id.activation).startsWith("Enter this code in the portal until "))
        device.press(R.id.self_test)
        until("it is not ready") { device.lines(R.id.findings).any { it.startsWith("Blocking: The activation code") } }

        emulator.activate(code)
        until("activated") { device.says(R.id.activation).matches(Regex("Device .+, merchant 1, store 2")) }
        assertFalse("the code is gone", device.shows(R.id.activation_code))
        online(device)
        device.press(R.id.get_token)
        until("a token") { device.says(R.id.message).matches(Regex("Token until .+: order:create, bill:create, payment:create")) }
        device.press(R.id.report)
        until("reported") { device.says(R.id.message).startsWith("Reported: battery") }
        device.press(R.id.self_test)
        until("the channel is tested") { "OK: The real-time channel is connected." in device.lines(R.id.findings) }

        emulator.event(sn, 1)
        emulator.event(sn, 2)
        until("both events, the newest first") {
            device.lines(R.id.events) == listOf("""order.updated {"n":2}""", """order.updated {"n":1}""")
        }
        emulator.deviceStatus(sn, "suspended")
        until("the channel ends") { device.says(R.id.channel).startsWith("Channel: This device is suspended") }
        emulator.deviceStatus(sn, "active")
        device.press(R.id.connect)
        online(device)
    }

    @Test
    fun `a screen rotated and a process killed while the code waits go on`() {
        setUp()
        val controller = open(DeviceActivity::class.java)
        val code = pending(controller.get())
        controller.recreate()
        until("the code is still there") { controller.get().says(R.id.activation_code) == code }
        restartProcess()

        val device = open(DeviceActivity::class.java).get()
        until("the next process knows it") { device.says(R.id.activation_code) == code }
        emulator.activate(code)
        online(device)
        restartProcess()
        val again = open(DeviceActivity::class.java)
        online(again.get())
        emulator.event(sn, 7)
        until("an event") { again.get().lines(R.id.events) == listOf("""order.updated {"n":7}""") }
        again.recreate()
        until("it is there after a rotation") { again.get().lines(R.id.events) == listOf("""order.updated {"n":7}""") }
    }

    @Test
    fun `a code that waits is shown without network, and activates when there is one again`() {
        setUp()
        val code = pending(open(DeviceActivity::class.java).get())
        emulator.fault("refuse")
        restartProcess()
        val device = open(DeviceActivity::class.java).get()
        until("the code is shown") { device.says(R.id.activation_code) == code }
        emulator.noFaults()
        emulator.activate(code)
        online(device)
    }

    @Test
    fun `without network it starts, says so, and comes back`() {
        activated()
        emulator.fault("refuse")
        restartProcess()
        val cut = open(DeviceActivity::class.java).get()
        until("offline") { cut.says(R.id.channel) == "Channel: No connection to the server." }
        cut.press(R.id.get_token)
        until("no token") { cut.says(R.id.message) == "No connection to the server." }
        emulator.noFaults()
        cut.press(R.id.connect)
        online(cut)
    }
}

package com.smartpos.terminal.sample

import android.app.Activity
import java.io.File
import java.net.ServerSocket
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Test

/** Orders that an emulated till brings. */
class OrdersTest : SampleTest() {
    private val secret = "integrator-secret-0123456789"
    private val address = "127.0.0.1:" + ServerSocket(0).use { it.localPort }

    private fun setUp(): Activity {
        emulator.admin("POST", "/admin/api/posstream/integrators", """{"keyId":"KEY-$sn","secretKey":"$secret"}""")
        emulator.admin(
            "POST",
            "/admin/api/posstream/clients",
            """{"address":"$address","pos":"POS-$sn","reconnectSeconds":0.05}"""
        )
        val setup = open(SetupActivity::class.java).get()
        save(setup) { tills(it) }
        until("saved") { setup.says(R.id.message) == "Saved." }
        return setup
    }

    private fun tills(setup: Activity) {
        setup.type(R.id.listen, address)
        setup.type(R.id.key_id, "KEY-$sn")
        setup.type(R.id.till_secret, secret)
    }

    private fun happens(type: String, order: String, total: Int) = emulator.admin(
        "POST",
        "/admin/api/posstream/events",
        """{"pos":"POS-$sn","type":"$type","data":{"order_id":"$order","total":$total}}"""
    )

    @Test
    fun `orders of a till are shown as they come, over a rotation and a kill`() {
        setUp()
        val controller = open(OrdersActivity::class.java)
        val orders = controller.get()
        until("the till is there") { orders.says(R.id.tills) == "Listening on $address, tills connected: 1" }
        happens("create_order", "A-1", 1280)
        happens("create_order", "A-2", 450)
        happens("add_item", "A-1", 1700)
        val both = listOf("A-1\n¥1,700, add_item", "A-2\n¥450, create_order")
        until("the newest first, each once") { orders.lines(R.id.orders) == both }
        controller.recreate()
        until("they are there after a rotation") { controller.get().lines(R.id.orders) == both }

        restartProcess()
        val again = open(OrdersActivity::class.java).get()
        until("the till comes again") { again.says(R.id.tills) == "Listening on $address, tills connected: 1" }
        assertEquals(both, again.lines(R.id.orders))
        happens("close_order", "A-2", 450)
        until("and brings more") { again.lines(R.id.orders).first() == "A-2\n¥450, close_order" }
    }

    @Test
    fun `the secret for tills is in no file in the clear, and is asked for once`() {
        val setup = setUp()
        assertEquals("it leaves the screen at once", "", setup.says(R.id.till_secret))
        for (file in app.dataDir.walk().filter(File::isFile)) {
            assertFalse(file.path, String(file.readBytes(), Charsets.ISO_8859_1).contains(secret))
        }
        save(setup, secret = "")
        until("saved") { setup.says(R.id.message) == "Saved." }
        val orders = open(OrdersActivity::class.java).get()
        until("the till is let in") { orders.says(R.id.tills).endsWith("tills connected: 1") }
        setup.type(R.id.listen, "")
        setup.press(R.id.save)
        until("nobody listens") { orders.says(R.id.tills).startsWith("Not listening.") }
    }
}

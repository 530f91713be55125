package com.smartpos.terminal.sample

import android.os.Bundle
import android.os.Parcel
import android.widget.EditText
import com.smartpos.terminal.Card
import com.smartpos.terminal.EntryMode
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.TerminalException
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.put
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.robolectric.annotation.Config

/** Cards at the gate, by clicks that end in Go. */
class GateTest : SampleTest() {
    @Test
    fun `an allowed card enters with the guests that were chosen`() {
        paired()
        val gate = open(GateActivity::class.java).get()
        check(gate, allowed)
        assertEquals("the digits are gone at once", "", gate.findViewById<EditText>(R.id.pan).text.toString())
        untilGateSays(gate, "Allowed\nUp to 2 guests")
        gate.choose(2)
        gate.press(R.id.confirm)
        untilGateSays(gate, "Entered")
        assertEquals("2", emulator.entries(sn).single()["guests"].toString())
        assertFalse(gate.shows(R.id.entry))
    }

    @Test
    fun `a refused card says why`() {
        paired()
        val gate = open(GateActivity::class.java).get()
        check(gate, ASI_FAILED)
        untilGateSays(gate, "Denied\nCard could not be checked. Present the card again.")
        assertFalse(gate.shows(R.id.entry))
    }

    @Test
    @Config(qualifiers = "ja")
    fun `a refused card says why in Japanese`() {
        val code = emulator.register(sn)
        val setup = open(SetupActivity::class.java).get()
        save(setup)
        until("saved") { setup.says(R.id.message) == "保存しました。" }
        setup.type(R.id.code, code)
        setup.press(R.id.pair)
        until("paired") { setup.says(R.id.message) == "ペアリングしました。" }
        val gate = open(GateActivity::class.java).get()
        check(gate, ASI_FAILED)
        untilGateSays(gate, "入場不可\nカードを確認できませんでした。もう一度カードをかざしてください。")
    }

    @Test
    fun `a card is overwritten, also when there is no terminal to check it`() {
        val card = Card(allowed)
        app.gate.check(card)
        until("it is said") { app.gate.shown.value.value.message == Message("set_up_first") }
        paired()
        val checked = assertThrows(TerminalException::class.java) { runBlocking { app.terminal().checkEntry(card) } }
        assertEquals(FaultCode.INVALID_CARD, checked.code)
    }

    @Test
    fun `a card that nobody lets in leaves nothing`() {
        paired()
        val gate = open(GateActivity::class.java).get()
        check(gate, allowed)
        untilGateSays(gate, "Allowed")
        gate.press(R.id.void_entry)
        untilGateSays(gate, "Cancelled: nobody entered")
        assertTrue(emulator.entries(sn).isEmpty())
    }

    @Test
    fun `the vendor's reader reads in place of fingers`() {
        paired()
        app.cardReader = CardReader { Card(allowed, entryMode = EntryMode.CONTACTLESS) }
        val gate = open(GateActivity::class.java).get()
        gate.press(R.id.read_card)
        untilGateSays(gate, "Allowed")
        app.cardReader = null
        assertFalse(open(GateActivity::class.java).get().shows(R.id.read_card))
    }

    @Test
    fun `a mistyped number and a terminal that is not set up are put into words`() {
        val gate = open(GateActivity::class.java).get()
        check(gate, allowed)
        untilGateSays(gate, "Not possible\nSave server, serial number, CA and whitelist secret in the set-up first.")
        paired()
        check(gate, "5555555555554445")
        untilGateSays(gate, "Card not readable.")
    }

    @Test
    fun `a screen rotated during the check shows the verdict, and keeps it and the guests`() {
        paired()
        emulator.fault("latency", sn) {
            put("latencyMs", 700)
            put("path", "/pos/check_entry")
            put("times", 1)
        }
        val controller = open(GateActivity::class.java)
        check(controller.get(), allowed)
        until("the check is under way") { controller.get().says(R.id.verdict) == "Checking…" }
        controller.recreate()
        untilGateSays(controller.get(), "Allowed\nUp to 2 guests")
        controller.get().choose(1)
        controller.recreate()
        untilGateSays(controller.get(), "Allowed\nUp to 2 guests")
        controller.get().press(R.id.confirm)
        untilGateSays(controller.get(), "Entered")
        assertEquals("1", emulator.entries(sn).single()["guests"].toString())
    }

    @Test
    fun `a process killed between verdict and confirm goes on from the saved state`() {
        paired()
        val before = open(GateActivity::class.java)
        check(before.get(), allowed)
        untilGateSays(before.get(), "Allowed")
        before.get().choose(2)
        before.get().type(R.id.pan, allowed)
        val saved = Bundle()
        before.pause().stop().saveInstanceState(saved)
        val bytes = Parcel.obtain().apply { writeBundle(saved) }.marshall()
        for (charset in listOf(Charsets.UTF_8, Charsets.UTF_16LE)) {
            assertFalse("no card in the saved state", String(bytes, charset).contains(allowed))
        }
        restartProcess()

        val gate = open(GateActivity::class.java, saved).get()
        untilGateSays(gate, "Allowed\nUp to 2 guests")
        gate.press(R.id.confirm)
        untilGateSays(gate, "Entered")
        assertEquals("2", emulator.entries(sn).single()["guests"].toString())
    }

    @Test
    fun `an answer that got lost can be asked for again and is one entry`() {
        paired()
        val gate = open(GateActivity::class.java).get()
        check(gate, allowed)
        untilGateSays(gate, "Allowed")
        emulator.fault("drop_answer", sn) { put("path", "/pos/confirm_entry") }
        gate.press(R.id.confirm)
        untilGateSays(gate, "Entered; the server will be asked again")
        emulator.noFaults()
        val queue = open(QueueActivity::class.java).get()
        until("one without answer") { queue.says(R.id.pending).contains("without answer: 1") }
        queue.press(R.id.upload)
        until("answered") { queue.says(R.id.pending).contains("without answer: 0") }
        assertEquals(1, emulator.entries(sn).size)
    }
}

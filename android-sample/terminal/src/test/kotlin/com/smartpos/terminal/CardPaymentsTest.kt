package com.smartpos.terminal

import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.put
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Card payments through the Credit Card App of the emulator. */
class CardPaymentsTest {
    private fun request(paymentId: String?) = CardRequest(380, 5, "AUTH01", paymentId)

    private fun ok(result: String?) = CardAppAnswer(CardAppAnswer.Code.OK, result)

    @Test
    fun `approved over a kill, and the backend has the codes as they were`() = Site(emulator, "SN-CARD").use { site ->
        runBlocking {
            val first = site.activated()
            val before = Bill.at(first)
            val payment = text(before.pay("credit_card"), "id")
            val launch = first.cardPayments.encodeRequest(request(payment))
            assertEquals(setOf("request", "terminal_id"), launch.extras.keys)
            first.close() // while the card app is in front

            val terminal = site.device()
            val bill = before.at(terminal)
            val open = terminal.cardPayments.pending().unknown.single()
            assertEquals(listOf(launch.corrId, 380L, payment), listOf(open.corrId, open.amount, open.paymentId))
            assertEquals(1, terminal.status().unknownCards)
            assertFalse(terminal.status().safeToWipe)
            val result = terminal.cardPayments.decodeResult(ok(emulator.cardApp("approve", launch)))
            assertEquals(CardResult.Status.SUCCESS to launch.corrId, result.status to result.corrId)
            assertEquals(payment, result.paymentId)
            val record = terminal.cardPayments.record(launch.corrId)
            assertEquals(CardRecord(launch.corrId, payment, CardResult.Status.SUCCESS, true, null), record)
            val row = bill.row("payments", payment)
            assertEquals(
                listOf("completed", result.approvalCode, result.cardSlipNumber, result.cardLast4),
                listOf("status", "approval_code", "card_slip_number", "card_last_4").map { text(row, it) }
            )
            bill.awaitPaid()
            assertEquals(PendingCardPayments(emptyList(), emptyList()), terminal.cardPayments.pending())
            assertTrue(terminal.status().safeToWipe)
        }
    }

    @Test
    fun `declined and cancelled are results, and the payment is recorded as such`() = Site(emulator, "SN-CARD-NO").use { site ->
        runBlocking {
            val terminal = site.activated()
            val bill = Bill.at(terminal)
            val declined = text(bill.pay("credit_card"), "id")
            var launch = terminal.cardPayments.encodeRequest(request(null))
            val result = terminal.cardPayments.decodeResult(ok(emulator.cardApp("decline", launch)), launch.corrId)
            assertEquals(CardResult.Status.DECLINED to null, result.status to result.approvalCode)
            assertFalse(result.errorMessage.isNullOrBlank())
            assertTrue(terminal.cardPayments.record(launch.corrId, declined).recorded)
            assertEquals("failed", text(bill.row("payments", declined), "status"))

            val cancelled = text(bill.pay("credit_card"), "id")
            launch = terminal.cardPayments.encodeRequest(request(cancelled))
            val left = terminal.cardPayments.decodeResult(CardAppAnswer(CardAppAnswer.Code.CANCELLED, null), launch.corrId)
            assertEquals(CardResult.Status.CANCELLED, left.status)
            assertTrue(terminal.cardPayments.record(launch.corrId).recorded)
            assertEquals("cancelled", text(bill.row("payments", cancelled), "status"))
        }
    }

    @Test
    fun `what tells nothing leaves the payment open until the operator says`() = Site(emulator, "SN-CARD-ODD").use { site ->
        runBlocking {
            val terminal = site.activated()
            val launch = terminal.cardPayments.encodeRequest(request(null))
            val approval = emulator.cardApp("approve", launch)
            val unreadable = listOf(
                ok(null),
                ok(""),
                ok("""{"status":"success","approval_code":"5555555555554444"}"""),
                ok("""{"status":"perhaps","pan":5555555555554444}"""),
                ok("5555555555554444"),
                CardAppAnswer(CardAppAnswer.Code.OTHER, approval),
                CardAppAnswer(CardAppAnswer.Code.CANCELLED, approval)
            )
            for (answer in unreadable) {
                val fault = faultOf { terminal.cardPayments.decodeResult(answer, launch.corrId) }
                assertEquals(FaultCode.CARD_APP_RESULT_INVALID, fault.code, answer.result)
                assertFalse("5555555555554444" in fault.stackTraceToString())
            }
            val foreign = ok(approval.replace(launch.corrId, "CORR-5-0000000000001"))
            assertEquals(FaultCode.FOREIGN_CORR_ID, faultOf { terminal.cardPayments.decodeResult(foreign, launch.corrId) }.code)
            val stranger = "CORR-5-0000000000002"
            val left = CardAppAnswer(CardAppAnswer.Code.CANCELLED, null)
            val unknown = faultOf { terminal.cardPayments.decodeResult(left, stranger) }
            assertEquals(FaultCode.PAYMENT_UNKNOWN, unknown.code)
            assertEquals(FaultCode.OUTCOME_UNKNOWN, faultOf { terminal.cardPayments.record(launch.corrId, "payment-1") }.code)
            assertEquals(listOf(launch.corrId), terminal.cardPayments.pending().unknown.map { it.corrId })

            val status = CardResult.Status.UNRECOGNIZED
            assertEquals(FaultCode.INVALID_REQUEST, faultOf { terminal.cardPayments.resolve(launch.corrId, status) }.code)
            terminal.cardPayments.resolve(launch.corrId, CardResult.Status.DECLINED)
            assertEquals(emptyList<Any>(), terminal.cardPayments.pending().unknown)
            val late = faultOf { terminal.cardPayments.decodeResult(ok(approval), launch.corrId) }
            assertEquals(FaultCode.ALREADY_RESOLVED, late.code, "the first word stays")
        }
    }

    @Test
    fun `of several open payments a result without a name belongs to none`() = Site(emulator, "SN-CARD-TWO").use { site ->
        runBlocking {
            val terminal = site.activated()
            val launches = List(2) { terminal.cardPayments.encodeRequest(request(null)) }
            assertEquals(2, launches.map { it.corrId }.toSet().size)
            val left = CardAppAnswer(CardAppAnswer.Code.CANCELLED, null)
            assertEquals(FaultCode.FOREIGN_CORR_ID, faultOf { terminal.cardPayments.decodeResult(left) }.code)
            terminal.cardPayments.resolve(launches[0].corrId, CardResult.Status.CANCELLED)
            assertEquals(launches[1].corrId, terminal.cardPayments.decodeResult(left).corrId)
        }
    }

    @Test
    fun `a result that the backend does not have waits and gets there`() = Site(emulator, "SN-CARD-WAIT").use { site ->
        runBlocking {
            val terminal = site.activated()
            val bill = Bill.at(terminal)
            val payment = text(bill.pay("credit_card"), "id")
            val launch = terminal.cardPayments.encodeRequest(request(payment))
            emulator.fault("refuse") { put("system", "mpac") }
            terminal.cardPayments.decodeResult(ok(emulator.cardApp("approve", launch)), launch.corrId)
            val record = terminal.cardPayments.record(launch.corrId)
            // Which of the two depends on how far the request came.
            val noAnswer = setOf(FaultCode.NETWORK_UNAVAILABLE, FaultCode.OUTCOME_UNKNOWN)
            assertTrue(!record.recorded && record.code in noAnswer, "$record")
            val waiting = terminal.cardPayments.pending().unrecorded.single()
            assertEquals(
                listOf(launch.corrId, 380L, CardResult.Status.SUCCESS, payment),
                listOf(waiting.corrId, waiting.amount, waiting.status, waiting.paymentId)
            )
            assertTrue(waiting.code in noAnswer, "$waiting")
            emulator.noFaults()
            terminal.runDue()
            bill.awaitPaid()
            assertTrue(terminal.cardPayments.record(launch.corrId).recorded)
            assertEquals(0, terminal.status().unrecordedCards)
        }
    }

    @Test
    fun `a request that is none is refused before anybody is asked for money`() = Site(emulator, "SN-CARD-BAD").use { site ->
        runBlocking {
            val early = site.device()
            assertEquals(FaultCode.NOT_ACTIVATED, faultOf { early.cardPayments.encodeRequest(request(null)) }.code)
            site.activate(early)
            val refused = mapOf(
                CardRequest(0, 5, "AUTH01") to FaultCode.INVALID_AMOUNT,
                CardRequest(-1, 5, "AUTH01") to FaultCode.INVALID_AMOUNT,
                CardRequest(1L shl 53, 5, "AUTH01") to FaultCode.INVALID_AMOUNT,
                CardRequest(380, 0, "AUTH01") to FaultCode.INVALID_REQUEST,
                CardRequest(380, 10, "AUTH01") to FaultCode.INVALID_REQUEST,
                CardRequest(380, 5, "") to FaultCode.INVALID_REQUEST,
                CardRequest(380, 5, "AUTH01", "../refund") to FaultCode.INVALID_REQUEST
            )
            for ((request, code) in refused) {
                assertEquals(code, faultOf { early.cardPayments.encodeRequest(request) }.code, "$request")
            }
            assertEquals(emptyList<Any>(), early.cardPayments.pending().unknown)
        }
        Site(emulator, "SN-CARD-NONE").use {
            assertEquals(FaultCode.INVALID_CONFIG, faultOf { it.open().cardPayments.pending() }.code)
        }
    }

    companion object {
        private val emulator = Emulator()

        @JvmStatic
        @AfterAll
        fun stop() = emulator.close()
    }
}

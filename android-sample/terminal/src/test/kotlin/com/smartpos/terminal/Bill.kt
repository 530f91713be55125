package com.smartpos.terminal

import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject

/** An order of 380 yen and its bill, to be paid at an activated terminal. */
class Bill private constructor(private val terminal: Terminal, private val orderId: String, val id: String) {
    /** Begins a payment of the whole bill: `qr_mpm`, `credit_card`. */
    suspend fun pay(method: String): JsonObject =
        terminal.created("payments", """{"bill_id":"$id","amount":380,"payment_method":"$method"}""")

    /** Waits until the order is completed, as it is when its bill is paid. */
    suspend fun awaitPaid() = awaitStatus("orders", orderId, "completed")

    suspend fun awaitStatus(kind: String, id: String, want: String) = withTimeout(20.seconds) {
        while (text(row(kind, id), "status") != want) delay(50.milliseconds)
    }

    suspend fun row(kind: String, id: String): JsonObject = json(terminal.call("GET", "/api/v1/$kind/$id"))

    /** The same bill at a terminal that was opened anew. */
    fun at(terminal: Terminal) = Bill(terminal, orderId, id)

    companion object {
        suspend fun at(terminal: Terminal): Bill {
            val order = text(terminal.created("orders", ORDER), "id")
            return Bill(terminal, order, text(terminal.created("bills", """{"order_id":"$order"}"""), "id"))
        }

        private suspend fun Terminal.created(kind: String, body: String): JsonObject {
            val answer = call("POST", "/api/v1/$kind", body)
            check(answer.status == 201) { "$kind: ${answer.status} ${answer.body}" }
            return json(answer)
        }

        private fun json(answer: CallAnswer) = Json.parseToJsonElement(answer.body!!).jsonObject
    }
}

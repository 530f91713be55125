package com.smartpos.terminal.sample

import com.smartpos.terminal.EventStream
import com.smartpos.terminal.StreamNotice
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.json.JSONArray
import org.json.JSONObject

/** What the orders show: [address] is where tills connect, [tills] are connected; the newest of [orders] first. */
data class OrdersState(val address: String? = null, val tills: Set<Long> = setOf(), val orders: List<Order> = listOf())

/** An order of a till; [last] happened to it last, [total] is in yen. */
data class Order(val id: String, val last: String, val total: Long)

/** The orders that tills on site bring, taken as long as the process lives. */
class Orders(app: SampleApplication) : Model<OrdersState>(app, OrdersState(orders = read(app.settings.orders))) {
    fun start() = keep {
        val config = app.settings.tills() ?: return@keep
        val secret = withContext(Dispatchers.IO) { app.tillSecret.read() } ?: throw NotSetUp()
        try {
            EventStream.events(config, secret).collect(::take)
        } finally {
            secret.fill(0)
            change { OrdersState(orders = it.orders) }
        }
    }

    private suspend fun take(notice: StreamNotice) = when (notice) {
        is StreamNotice.Listening -> change { it.copy(address = notice.address) }
        is StreamNotice.Enabled -> change { it.copy(tills = it.tills + notice.connection) }
        is StreamNotice.Disconnected -> change { it.copy(tills = it.tills - notice.connection) }
        is StreamNotice.Event -> keep(notice)
        else -> Unit
    }

    /** The till is told that an event was taken when this is done with it. After a kill it may come again, and changes nothing. */
    private suspend fun keep(event: StreamNotice.Event) {
        val data = runCatching { JSONObject(event.data) }.getOrDefault(JSONObject())
        val order = Order(data.optString("order_id", event.id), event.type, data.optLong("total"))
        val orders = (listOf(order) + now.orders.filter { it.id != order.id }).take(50)
        withContext(Dispatchers.IO) { app.settings.orders = write(orders) }
        change { it.copy(orders = orders) }
    }
}

private fun write(orders: List<Order>) = JSONArray(orders.map { JSONArray(listOf(it.id, it.last, it.total)) }).toString()

private fun read(text: String?): List<Order> = JSONArray(text ?: "[]").let { all ->
    List(all.length()) { i -> all.getJSONArray(i).run { Order(getString(0), getString(1), getLong(2)) } }
}

/** The orders that tills brought. */
class OrdersActivity : Screen<OrdersState>(R.layout.orders) {
    override val model get() = app.orders

    override fun render(now: OrdersState, working: Boolean) {
        text(R.id.tills, now.address?.let { getString(R.string.tills, it, now.tills.size) } ?: getString(R.string.no_tills))
        lines(R.id.orders, now.orders.map { getString(R.string.order, it.id, it.total, it.last) })
    }
}

package com.smartpos.terminal.sample

import android.os.BatteryManager
import android.os.Bundle
import com.smartpos.terminal.Activation
import com.smartpos.terminal.Notice
import com.smartpos.terminal.Paper
import com.smartpos.terminal.Terminal
import java.time.Duration
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** What the device screen shows; the newest of [events] first. */
data class DeviceState(
    val activation: Activation? = null,
    val channel: Message = Message("channel_off"),
    val events: List<Notice.Event> = emptyList()
)

/** The device's identity, and its real-time channel, which is kept as long as the process lives. */
class Device(app: SampleApplication) : Model<DeviceState>(app, DeviceState()) {
    /** Goes on where the device stands, also after a kill: waits for its activation, then keeps the channel. */
    fun start() = keep {
        change { DeviceState(events = it.events) }
        val terminal = app.terminal()
        val state = terminal.status().activation
        if (state == Activation.State.PENDING) show(terminal.requestActivation()) // without network as it is known
        if (state != Activation.State.PENDING && state != Activation.State.ACTIVE) return@keep
        if (show(terminal.awaitActivation(Duration.ofDays(1))).state == Activation.State.ACTIVE) listen(terminal)
    }

    /** Asks for a code, which a person enters in the portal. */
    fun activate() = work {
        show(app.terminal().requestActivation())
        start()
        null
    }

    /** Tells until when the token is good; gets one where there is none. */
    fun token() = work { app.terminal().deviceToken().run { Message("token", listOf(expiresAt, scope.joinToString())) } }

    /** Reports the battery. What the paper is, the SDK of the printer's vendor says. */
    fun report() = work {
        val manager = app.getSystemService(BatteryManager::class.java)
        val battery = manager.getIntProperty(BatteryManager.BATTERY_PROPERTY_CAPACITY).coerceIn(0, 100)
        app.terminal().sendStatus(battery, Paper.OK)
        Message("reported", listOf(battery))
    }

    private fun show(activation: Activation) = activation.also { change { it.copy(activation = activation) } }

    private suspend fun listen(terminal: Terminal) = coroutineScope {
        val networks = launch { app.environment.watchNetworks(terminal) }
        terminal.notices().collect { notice -> change { it.after(notice) } }
        networks.cancel()
    }

    /** An event counts as handled when this is done. It may come again after a kill: an app that acts on one goes by its id. */
    private fun DeviceState.after(notice: Notice): DeviceState = when (notice) {
        Notice.Online -> copy(channel = Message("channel_online"))
        is Notice.Offline -> copy(channel = Message(notice.code.i18nKey, fallback = notice.rawCode))
        is Notice.Event -> copy(events = (listOf(notice) + events).take(20))
        Notice.ResyncRequired -> copy(channel = Message("channel_resync"))
    }
}

/** Activation, token, channel with its last events, a status report. */
class DeviceActivity : Screen<DeviceState>(R.layout.device) {
    override val model get() = app.device

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        click(R.id.activate) { model.activate() }
        click(R.id.connect) { model.start() }
        click(R.id.get_token) { model.token() }
        click(R.id.report) { model.report() }
        click(R.id.self_test) { model.test() }
    }

    override fun render(now: DeviceState, working: Boolean) {
        text(R.id.activation_code, now.activation?.code)
        show(R.id.activation_code, now.activation?.code != null)
        val activation = now.activation?.run {
            Message("activation_" + state.name.lowercase(), listOf(deviceId, merchantId, storeId, expiresAt))
        }
        text(R.id.activation, words(activation ?: Message("activation_none")))
        text(R.id.channel, getString(R.string.channel, words(now.channel)))
        lines(R.id.events, now.events.map { "${it.event} ${it.payload}" })
    }
}

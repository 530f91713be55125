package com.smartpos.terminal

import kotlinx.serialization.Serializable
import kotlinx.serialization.encodeToString
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull

// The JSON of the event stream, field by field.

@Serializable
internal class StreamConfigWire(
    val listen: String,
    val keyId: String,
    val rsa: String,
    val aes: String,
    val allow: List<String>? = null,
    val tls: StreamTlsWire? = null
)

@Serializable
internal class StreamTlsWire(val certificateFile: String, val keyFile: String)

@Serializable
internal class StreamNoticeWire(
    val v: Int = 1,
    val kind: String,
    val address: String = "",
    val peer: String = "",
    val connection: Long = 0,
    val msgId: String = "",
    val msgType: String = "",
    val data: JsonElement = JsonNull,
    val code: String? = null
)

@Serializable
internal class StreamConnectionWire(
    val peer: String,
    val connection: Long,
    val state: String,
    val since: String,
    val events: Long = 0,
    val duplicates: Long = 0,
    val queued: Int = 0
)

@Serializable
internal class StreamCountersWire(
    val connections: Long = 0,
    val enabled: Long = 0,
    val refused: Long = 0,
    val notAllowed: Long = 0,
    val surplus: Long = 0,
    val events: Long = 0,
    val duplicates: Long = 0,
    val slow: Long = 0
)

@Serializable
internal class StreamStatusWire(
    val v: Int = 1,
    val address: String = "",
    val connections: List<StreamConnectionWire> = emptyList(),
    val counters: StreamCountersWire = StreamCountersWire()
)

internal fun encodeStreamConfig(config: EventStreamConfig): String = lenientJson.encodeToString(
    StreamConfigWire(
        config.listen,
        config.keyId,
        config.rsa,
        config.aes,
        config.allow.ifEmpty { null },
        config.certificate?.let { StreamTlsWire(it.absolutePath, config.key?.absolutePath.orEmpty()) }
    )
)

internal fun decodeStreamNotice(text: String): StreamNotice {
    val n = decode(StreamNoticeWire.serializer(), text)
    return when (n.kind) {
        "listening" -> StreamNotice.Listening(n.address)
        "connected" -> StreamNotice.Connected(n.peer, n.connection)
        "enabled" -> StreamNotice.Enabled(n.peer, n.connection)
        "event" -> StreamNotice.Event(n.peer, n.connection, n.msgId, n.msgType, n.data.toString())
        "refused" -> StreamNotice.Refused(n.peer, n.connection, n.code.orEmpty())
        "disconnected" -> StreamNotice.Disconnected(n.peer, n.connection, n.code?.let(FaultCode::of))
        else -> StreamNotice.Unrecognized(n.kind)
    }
}

internal fun decodeStreamStatus(text: String): StreamStatus = decode(StreamStatusWire.serializer(), text).let { s ->
    StreamStatus(
        s.address,
        s.connections.map {
            StreamStatus.Connection(it.peer, it.connection, it.state, instant(it.since), it.events, it.duplicates, it.queued)
        },
        s.counters.run {
            StreamStatus.Counters(connections, enabled, refused, notAllowed, surplus, events, duplicates, slow)
        }
    )
}

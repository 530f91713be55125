package com.smartpos.terminal

import java.io.File
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** An older app over a newer library: answers with fields and names that this version does not know. */
class NewerLibraryTest {
    /** By the beginning of a vector's name; the longest fits. */
    private val readers: Map<String, (String) -> Any?> = mapOf(
        "activation" to ::decodeActivation,
        "call" to ::decodeCall,
        "confirm" to ::decodeConfirmation,
        "device-key" to ::decodeDeviceKey,
        "error-info" to { text -> fault(text, null).run { "$code $actor $message" } },
        "export" to ::decodeExport,
        "notice" to ::decodeNotice,
        "pair" to ::decodePairing,
        "readiness" to ::decodeReadiness,
        "run-due" to ::decodeDue,
        "status" to ::decodeStatus,
        "stream" to ::decodeStreamNotice,
        "stream-status" to ::decodeStreamStatus,
        "sync" to ::decodeSync,
        "token" to ::decodeToken,
        "upload" to ::decodeUpload,
        "verdict" to ::decodeVerdict
    )

    // The server's own text, which is handed on as it is.
    private val handedOn = setOf("body", "data", "jwk", "payload")
    private val names =
        setOf("actor", "action", "activation", "code", "kind", "mode", "onlineError", "reason", "severity", "state")

    private fun answers(test: (String, (String) -> Any?) -> Unit): List<DynamicTest> =
        File(System.getProperty("repository.root"), "mobile/testdata/vectors").listFiles()!!.sorted().mapNotNull { file ->
            val reader = readers.keys.filter(file.name::startsWith).maxByOrNull { it.length }
            if (reader == null || file.name == "stream-config.json") {
                null
            } else {
                dynamicTest(file.name) { test(file.readText(), readers.getValue(reader)) }
            }
        }

    /** [text] with [change] made to every object in it. */
    private fun changed(text: String, change: (Map<String, JsonElement>) -> Map<String, JsonElement>): String {
        fun walk(value: JsonElement): JsonElement = when (value) {
            is JsonObject -> JsonObject(change(value.mapValues { (key, v) -> if (key in handedOn) v else walk(v) }))
            is JsonArray -> JsonArray(value.map(::walk))
            else -> value
        }
        return walk(Json.parseToJsonElement(text)).toString()
    }

    @TestFactory
    fun `a new field at any place is passed over`(): List<DynamicTest> = answers { text, read ->
        val more = changed(text) { it + ("newer" to Json.parseToJsonElement("""{"a":[1,null]}""")) }
        assertEquals(read(text).toString(), read(more).toString())
    }

    @TestFactory
    fun `a new name has a place`(): List<DynamicTest> = answers { text, read ->
        var found = 0
        val newer = changed(text) { fields ->
            fields.mapValues { (key, v) -> if (key in names) JsonPrimitive("moon_phase").also { found++ } else v }
        }
        val told = read(newer)
        assertTrue(found == 0 || told == null || Regex("UNRECOGNIZED|moon_phase|Unrecognized").containsMatchIn("$told"), "$told")
    }

    @Test
    fun `every name that an app meets has one for what is newer`() {
        assertEquals(StreamNotice.Unrecognized("weather"), decodeStreamNotice("""{"kind":"weather","peer":"p"}"""))
        val ended = decodeStreamNotice("""{"kind":"disconnected","peer":"p","connection":1,"code":"moon_phase"}""")
        assertEquals(StreamNotice.Disconnected("p", 1, FaultCode.UNRECOGNIZED), ended)
        assertEquals(
            Status.State.UNRECOGNIZED to Activation.State.UNRECOGNIZED,
            decodeStatus("""{"state":"blessed","activation":"blessed","nextSyncDue":"2026-01-28T10:02:00Z"}""")
                .let { it.state to it.activation }
        )
        assertEquals(
            Readiness.Severity.UNRECOGNIZED,
            decodeReadiness("""{"findings":[{"severity":"mild"}]}""").findings.single().severity
        )
    }
}

package com.smartpos.terminal

import java.io.File
import java.time.Duration
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** The JSON that Kotlin writes is what Go's tests read; VectorsTest has the answers. */
class RequestVectorsTest {
    private val access = "7f1c1e0a-3c53-4f44-9d0b-6a3f0d6e2b11"

    @Test
    fun `a card is written as Go reads it`() {
        val card = Card("5555555555554444", "2812", Service.LOUNGE, EntryMode.CHIP)
        assertEquals(json(vector("card")), json(String(encodeCard(card, CheckMode.REQUIRE_ONLINE))))
    }

    @Test
    fun `a configuration is written as Go reads it`() {
        val config = TerminalConfig.Builder("SN-0001", File("/data/terminal"))
            .server("https://macs.example:8443/base", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
            .whitelistKey("macs-whitelist-app").onlineTimeout(Duration.ofSeconds(7)).listWarnAge(Duration.ofHours(25))
            .listMaxAge(
                Duration.ofHours(50)
            ).maxGuestsOffline(0).maxPending(500).perCardPerDay(1).allowForceOffline().skipLuhn().build()
        assertEquals(seconds(json(vector("config"))), seconds(json(config.json)))
    }

    @Test
    fun `a configuration of a device is written as Go reads it`() {
        val device = DeviceConfig.Builder("https://api.example:8443/base/").socketUrl("wss://ws.example/socket").systemRoots()
            .tokenUrl("https://login.example/token").audience("https://login.example").clientId("pos-1")
            .bodyFormat(DeviceConfig.BodyFormat.FORM).scope("order:create", "payment:refund").name("Till 1").build()
        val config = TerminalConfig.Builder("SN-0001", File("/data/terminal")).device(device).build()
        assertEquals(json(vector("config-device")), json(config.json))
        val trusting = DeviceConfig.Builder("https://h").trustedCa("ca").build()
        assertEquals(
            json("""{"serialNumber":"S","dataDir":"/d","device":{"baseUrl":"https://h","trustedCa":"ca"}}"""),
            json(TerminalConfig.Builder("S", File("/d")).device(trusting).build().json)
        )
    }

    @Test
    fun `a configuration of the payment gateway is written as Go reads it`() {
        val pgw = PgwConfig.Builder("https://api.pgw.example:8443/base").systemRoots().bearer().build()
        val config = TerminalConfig.Builder("SN-0001", File("/data/terminal")).pgw(pgw).build()
        assertEquals(json(vector("config-pgw")), json(config.json))
        assertEquals("TerminalConfig(SN-0001, https://api.pgw.example:8443/base)", "$config")
        val trusting = PgwConfig.Builder("https://h").trustedCa("ca").build()
        assertEquals(
            json("""{"serialNumber":"S","dataDir":"/d","pgw":{"baseUrl":"https://h","trustedCa":"ca"}}"""),
            json(TerminalConfig.Builder("S", File("/d")).pgw(trusting).build().json)
        )
    }

    @Test
    fun `a card payment is written as Go reads it`() {
        assertEquals(json(vector("card-request")), json(encodeCardRequest(CardRequest(1280, 5, "AUTH01", access))))
        val unnamed = """{"v":1,"amount":9007199254740991,"classificationCode":1,"authorizationID":"A"}"""
        assertEquals(json(unnamed), json(encodeCardRequest(CardRequest(9_007_199_254_740_991, 1, "A"))))
    }

    @Test
    fun `an event stream's parameters are written as Go reads them`() {
        val config = EventStreamConfig("0.0.0.0:7000", "INT-0001", listOf("192.168.1.0/24", "10.1.2.3"), "oaep-sha1", "gcm")
        assertEquals(json(vector("stream-config")), json(config.json))
    }

    private fun json(text: String): JsonElement = Json.parseToJsonElement(text)

    /** 25h and 90000s are one duration. */
    private fun seconds(value: JsonElement): JsonElement = when {
        value is JsonObject -> JsonObject(value.mapValues { seconds(it.value) })

        value is JsonPrimitive && Regex(
            "\\d+[hms]"
        ).matches(value.content) -> JsonPrimitive(Duration.parse("PT${value.content}").seconds)

        else -> value
    }

    private fun vector(name: String) = File(folder, "$name.json").readText()

    private companion object {
        val folder = File(System.getProperty("repository.root"), "mobile/testdata/vectors")
    }
}

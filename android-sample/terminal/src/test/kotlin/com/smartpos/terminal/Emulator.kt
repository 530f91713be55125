package com.smartpos.terminal

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.security.KeyStore
import java.security.cert.CertificateFactory
import java.time.Duration
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.put

/** `posemu serve` as a process, and its admin API. */
class Emulator : AutoCloseable {
    private val folder: File = Files.createTempDirectory("posemu").toFile()
    private val process: Process
    private val env: JsonObject
    private val client: HttpClient

    init {
        val envFile = File(folder, "env.json")
        process = ProcessBuilder(System.getProperty("posemu"), "serve", "--env", envFile.path)
            .redirectError(ProcessBuilder.Redirect.INHERIT).start()
        Runtime.getRuntime().addShutdownHook(Thread { process.destroyForcibly() })
        val output = process.inputStream.bufferedReader()
        check(generateSequence(output::readLine).any { it == "ready" }) { "posemu did not start" }
        env = Json.parseToJsonElement(envFile.readText()).jsonObject
        client = HttpClient.newBuilder().sslContext(trusting(File(text(env, "caFile")))).build()
    }

    val url: String get() = text(env.getValue("macs").jsonObject, "url")
    val caPem: String get() = File(text(env, "caFile")).readText()
    val whitelistSecret: String get() = text(env.getValue("macs").jsonObject, "whitelistSecret")

    val api: String get() = text(env.getValue("mpac").jsonObject, "url")
    val issuer: String get() = text(env.getValue("mpac").jsonObject, "issuer")
    val gateway: String get() = text(env.getValue("pgw").jsonObject, "url")

    /** The section of a device at this emulator. */
    fun device(): DeviceConfig.Builder =
        DeviceConfig.Builder(api).socketUrl(text(env.getValue("mpac").jsonObject, "wsUrl")).audience(issuer).trustedCa(caPem)

    /** The section of the payment gateway at this emulator. */
    fun pgw(): PgwConfig = PgwConfig.Builder(gateway).trustedCa(caPem).build()

    /** What the provider of a confirmed payment says, by [deliveries] webhooks. */
    fun provider(paymentIntentId: String, status: String, deliveries: Int = 1) {
        admin("POST", "/admin/api/pgw/intents/$paymentIntentId/provider", """{"status":"$status","deliveries":$deliveries}""")
    }

    /** What the Credit Card App gives back for a request when it comes to [decide]: approve, decline, error, cancel. */
    fun cardApp(decide: String, launch: CardLaunch): String {
        val app = ProcessBuilder(System.getProperty("posemu"), "cardapp", "--decide", decide, launch.extras.getValue("request"))
            .redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val result = app.inputStream.bufferedReader().readText().trim()
        check(app.waitFor() == 0) { "posemu cardapp failed" }
        return result
    }

    /** Enters an activation code, as a person does in the portal. */
    fun activate(code: String) {
        admin("POST", "/admin/api/mpac/activate", """{"activationCode":"$code","merchantId":1,"storeId":2}""")
    }

    fun deviceStatus(sn: String, status: String) {
        admin("PUT", "/admin/api/mpac/devices/$sn/status", """{"status":"$status"}""")
    }

    fun event(sn: String, n: Int) {
        admin("POST", "/admin/api/mpac/devices/$sn/events", """{"event":"order.updated","payload":{"n":$n}}""")
    }

    /** Registers a terminal and gives a pairing code for it. */
    fun register(sn: String): String {
        admin("POST", "/admin/api/terminals", """{"serialNumber":"$sn","location":"Lounge"}""")
        return pairingCode(sn)
    }

    fun pairingCode(sn: String): String = text(admin("POST", "/admin/api/terminals/$sn/pairing-code").jsonObject, "code")

    /** Puts a fault up, for one terminal or for all. */
    fun fault(kind: String, sn: String? = null, more: JsonObjectBuilder.() -> Unit = {}) {
        val fault = buildJsonObject {
            put("kind", kind)
            sn?.let { put("serialNumber", it) }
            more()
        }
        admin("POST", "/admin/api/faults", fault.toString())
    }

    fun noFaults() {
        admin("DELETE", "/admin/api/faults")
    }

    /** Moves the server's clock to [offset] from the machine's. */
    fun clock(offset: Duration) {
        admin("PUT", "/admin/api/clock", """{"offsetSeconds":${offset.seconds}}""")
    }

    fun entries(sn: String): List<JsonObject> = admin("GET", "/admin/api/entries").jsonObject.getValue("entries").jsonArray
        .map { it.jsonObject }.filter { text(it, "serialNumber") == sn }

    /** One call of the admin API; anything but success is an error. */
    fun admin(method: String, path: String, body: String? = null): JsonElement {
        val adminUrl = text(env.getValue("admin").jsonObject, "url")
        val publisher = body?.let(HttpRequest.BodyPublishers::ofString) ?: HttpRequest.BodyPublishers.noBody()
        val request = HttpRequest.newBuilder(URI(adminUrl + path)).method(method, publisher)
            .header("Authorization", "Bearer " + text(env.getValue("admin").jsonObject, "token")).build()
        val answer = client.send(request, HttpResponse.BodyHandlers.ofString())
        check(answer.statusCode() in 200..299) { "$method $path: ${answer.statusCode()} ${answer.body()}" }
        return if (answer.body().isBlank()) JsonNull else Json.parseToJsonElement(answer.body())
    }

    override fun close() {
        process.destroy()
        process.waitFor()
        folder.deleteRecursively()
    }
}

fun text(value: JsonObject, key: String): String = value.getValue(key).jsonPrimitive.content

private fun trusting(ca: File): SSLContext {
    val store = KeyStore.getInstance(KeyStore.getDefaultType()).apply { load(null) }
    store.setCertificateEntry("ca", ca.inputStream().use(CertificateFactory.getInstance("X.509")::generateCertificate))
    val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(store) }
    return SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
}

package com.smartpos.terminal

import com.smartpos.terminal.bind.mobile.Mobile
import com.smartpos.terminal.bind.mobile.Op
import com.smartpos.terminal.bind.mobile.Terminal as BoundTerminal
import java.io.File
import java.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.flow.Flow

private const val ALMOST_A_SECOND = 999_999_999L

/**
 * An open terminal: get one with [open], keep one for the life of the process, [close] it at the end.
 *
 * Everything is safe from any thread, also at the same time. A `suspend` function does its work on threads of the terminal and
 * never blocks its caller, so it may be called on the main thread. It suspends until the library answers; the limits are those of
 * the configuration. Cancelling its coroutine cancels the work and returns at once, without waiting for it: what was under way
 * may still have happened, and asking again finds out. A `suspend` function throws [TerminalException] when the call fails and
 * [CancellationException] when it was cancelled; after [close] every call fails with [FaultCode.CLOSED].
 *
 * For Java there is [TerminalFutures].
 */
public class Terminal private constructor(
    private val bound: BoundTerminal,
    private val host: BoundHost,
    private val refuseMainThread: (String) -> Unit
) : AutoCloseable {
    private val calls = Calls()
    private val notices = Notices(bound, calls)

    /**
     * How far a sync or an upload is, of every call from now on. It has no end, keeps nothing for late collectors and drops the
     * oldest when a collector is slow.
     */
    public val progress: Flow<Progress> get() = host.progress

    /** Payments at the payment gateway, each opened by its payment token; needs [TerminalConfig.pgw]. */
    public val payments: Payments = Payments(bound, calls)

    /** Card payments through the Credit Card App; needs [TerminalConfig.device]. */
    public val cardPayments: CardPayments = CardPayments(bound, calls)

    /**
     * Pairs the terminal with the 8-digit [code] of the admin panel. Its key is made in the key store first.
     *
     * On return the pairing is on disk. After a lost answer, call it again with the same code.
     *
     * @throws TerminalException with [FaultCode.INVALID_CODE], [FaultCode.PAIRING_CODE_REJECTED], [FaultCode.ALREADY_PAIRED],
     * [FaultCode.KEY_REJECTED], or a fault of the network.
     */
    public suspend fun pair(code: String): Pairing = call { decodePairing(bound.pair(it, code)) }

    /**
     * Forgets the pairing and its key on this device. Entries stay on disk and are uploaded after the next pairing. The server is
     * not told: an operator unpairs the terminal there.
     */
    public suspend fun unpair() {
        call { bound.unpair(it) }
    }

    /**
     * Decides about a card: online, or from the lists when the server gives no answer, as [mode] says.
     *
     * An allowed verdict is on disk when it returns. Denied and unknown are verdicts, not exceptions.
     *
     * @throws TerminalException with [FaultCode.INVALID_CARD], [FaultCode.NOT_PAIRED], [FaultCode.KEY_LOST],
     * [FaultCode.NOT_AUTHORIZED], [FaultCode.PROTOCOL_ERROR], or a fault of the storage.
     */
    @JvmOverloads
    public suspend fun checkEntry(card: Card, mode: CheckMode = CheckMode.PREFER_ONLINE): Verdict {
        val request = encodeCard(card, mode)
        return call {
            try {
                decodeVerdict(bound.checkEntry(it, request))
            } finally {
                request.fill(0)
            }
        }
    }

    /**
     * Makes an allowed verdict an entry with [guests] guests.
     *
     * The entry, or the intent, is on disk when it returns; it is never lost and never counted twice. Also after a cancelled or
     * failed call: ask again with the same number of guests.
     *
     * @throws TerminalException with [FaultCode.ACCESS_NOT_FOUND], [FaultCode.ACCESS_EXPIRED], [FaultCode.INVALID_GUESTS],
     * [FaultCode.ALREADY_CONFIRMED], [FaultCode.NOT_AUTHORIZED], [FaultCode.PROTOCOL_ERROR], or a fault of the storage.
     */
    public suspend fun confirmEntry(accessId: String, guests: Int): Confirmation =
        call { decodeConfirmation(bound.confirmEntry(it, accessId, guests.toLong())) }

    /**
     * Takes an access back until it was uploaded; this is on disk when it returns. Sends nothing.
     *
     * @throws TerminalException with [FaultCode.ACCESS_NOT_FOUND], [FaultCode.ALREADY_REPORTED], or a fault of the storage.
     */
    public suspend fun voidEntry(accessId: String) {
        call { bound.voidEntry(it, accessId) }
    }

    /**
     * Fetches both lists and puts both in force, on disk when it returns, or neither. See [progress].
     *
     * @throws TerminalException with [FaultCode.NOT_PAIRED], [FaultCode.INVALID_LIST], or a fault of network or storage.
     */
    public suspend fun sync(): SyncResult = call { decodeSync(bound.sync(it)) }

    /**
     * Asks again about unanswered confirms and reports offline entries. What the server answered is on disk, also when the call
     * then fails; call it again later. See [progress].
     */
    public suspend fun uploadReports(): UploadResult = call { decodeUpload(bound.uploadReports(it)) }

    /**
     * Does what a daily job must: records results of card payments that the backend does not have, [sync] when 24 h have passed,
     * [uploadReports] when something waits. The upload is tried although the sync failed; the first fault is thrown.
     *
     * @throws TerminalException with [FaultCode.NOT_PAIRED], [FaultCode.INVALID_CONFIG] for a terminal that has neither
     * [TerminalConfig.serverUrl] nor [TerminalConfig.device], or those of [sync] and [uploadReports].
     */
    public suspend fun runDue(): DueResult = call { decodeDue(bound.runDue(it)) }

    /**
     * The device's public key, made in the key store when there is none, for a token server that registers devices by hand. Sends
     * nothing.
     *
     * @throws TerminalException with [FaultCode.KEY_LOST], which [requestActivation] mends, or a fault of the storage.
     */
    public suspend fun deviceKey(): DeviceKey = call { decodeDeviceKey(bound.deviceKey(it)) }

    /**
     * The activation as it stands; asks for a code when there is none, after one ran out, for a device that the portal released
     * ([FaultCode.TOKEN_REFUSED]), and when the device's key is lost. Show the code: a person enters it in the portal. The code
     * is on disk when it returns.
     *
     * @throws TerminalException with [FaultCode.CONFLICT] when the portal has an active device of this serial number under another
     * key, or a fault of the network.
     */
    public suspend fun requestActivation(): Activation = call { decodeActivation(bound.requestActivation(it)) }

    /**
     * Waits until the code was entered in the portal or ran out, [timeout] at most and never more than a day, and gives the
     * activation, which is on disk then. Missing answers are waited out. It may be called again, also after a restart.
     *
     * @throws TerminalException with [FaultCode.NOT_ACTIVATED] before a code was asked for, or the fault of the last try when it had
     * no answer.
     */
    public suspend fun awaitActivation(timeout: Duration): Activation {
        val seconds = minOf(timeout, Duration.ofDays(1)).plusNanos(ALMOST_A_SECOND).seconds // rounded up
        return call { decodeActivation(bound.awaitActivation(it, seconds)) }
    }

    /**
     * An access token with at least 10 s left, from memory when there is one. After a fault it heals by itself: call again later.
     *
     * @throws TerminalException with [FaultCode.NOT_ACTIVATED], [FaultCode.ACTIVATION_EXPIRED], [FaultCode.KEY_LOST],
     * [FaultCode.TOKEN_REFUSED], [FaultCode.DEVICE_SUSPENDED], [FaultCode.DEVICE_DECOMMISSIONED], or a fault of the network.
     */
    public suspend fun deviceToken(): Token = call { decodeToken(bound.deviceToken(it)) }

    /**
     * Makes any POS operation: [method], [path] such as `/api/v1/orders`, [body] as JSON text. The server's answer is no exception,
     * whatever its HTTP status.
     *
     * What changes something is on disk with its [idempotencyKey] before it goes out; without a key one is made. When no answer
     * comes, or the call was cancelled, it may have been done: the same call with the same key, or [resolveCall], tells, and does it
     * at most once. [Status.unknownCalls] lists such calls, also after a restart.
     *
     * @throws TerminalException with [FaultCode.OUTCOME_UNKNOWN], [FaultCode.INVALID_REQUEST], [FaultCode.SCOPE_MISSING],
     * [FaultCode.CONFLICT] for a key that another open call has, or those of [deviceToken].
     */
    @JvmOverloads
    public suspend fun call(method: String, path: String, body: String? = null, idempotencyKey: String? = null): CallAnswer =
        call { decodeCall(bound.call(it, method, path, body?.toByteArray(), idempotencyKey.orEmpty())) }

    /**
     * Asks again for a call without an answer, as it was.
     *
     * @throws TerminalException with [FaultCode.NOT_FOUND] when no such call is open, [FaultCode.STORAGE_DAMAGED] for one that cannot
     *   be read, which is forgotten with this: the backend knows what came of it; or those of [call].
     */
    public suspend fun resolveCall(idempotencyKey: String): CallAnswer =
        call { decodeCall(bound.resolveCall(it, idempotencyKey)) }

    /**
     * The real-time channel: connected while the flow is collected, and again by itself after every cut. One collector at a time: a
     * second one takes the channel over, and the flow of the first ends. It also ends after a [Notice.Offline] that is final; with
     * [FaultCode.CLOSED] when the terminal is closed.
     *
     * An event is handled, on disk and at the server, when the collector is done with it. One that was cancelled or threw gets the
     * event again with its next collection, as after a kill: handle an event by its id. So buffer nothing between, or what waits
     * there is lost with the process. A collector may take its time and may call any method.
     *
     * Collecting throws [TerminalException] with [FaultCode.NOT_ACTIVATED], [FaultCode.ACTIVATION_EXPIRED], or a fault of the storage.
     * When it was cancelled, nothing arrives any more.
     */
    public fun notices(): Flow<Notice> = notices.flow()

    /**
     * Tells that the device has a network again, so that no pause is waited out: the channel is online within 5 s where the network
     * works. `AndroidEnvironment.watchNetworks` calls it.
     */
    public suspend fun networkAvailable() {
        call { bound.networkAvailable() }
    }

    /**
     * Reports [battery], 0 to 100 percent, and [paper] over the channel, as soon as it is online; of several that wait the last one
     * goes out.
     *
     * @throws TerminalException with [FaultCode.INVALID_REQUEST], or [FaultCode.CLOSED] when [notices] are not collected.
     */
    public suspend fun sendStatus(battery: Int, paper: Paper) {
        call { bound.sendStatus(battery.toLong(), paper.name) }
    }

    /** Where the terminal stands. Sends nothing. */
    public suspend fun status(): Status = call { decodeStatus(bound.status()) }

    /**
     * Tests pairing, key, server, lists, clock and journal, and the device's key, activation, token and channel. Sends one signed
     * request when the terminal is paired, and asks for a token when the device is activated.
     */
    public suspend fun readiness(): Readiness = call { decodeReadiness(bound.readiness(it)) }

    /** Writes what waits and what is in quarantine to [file], which then is on disk, and changes nothing. */
    public suspend fun export(file: File): ExportResult = call { decodeExport(bound.export(it, file.absolutePath)) }

    /**
     * Cancels what runs, waits for it, and gives everything back: data folder, connections, threads. A second call does nothing.
     * It blocks: call it off the main thread.
     *
     * The flow of [notices] ends with [FaultCode.CLOSED]; the event that its collector handles then comes again after the next [open].
     *
     * @throws TerminalException with [FaultCode.TIMEOUT] when a [KeyHost] holds a call up for more than 5 s, or closes the terminal
     * from within; the data folder is given back when that call ends.
     * @throws IllegalStateException on Android's main thread.
     */
    @Throws(TerminalException::class)
    override fun close() {
        refuseMainThread("Terminal.close")
        try {
            notices.closing(bound::close)
        } catch (e: Exception) {
            throw terminalException(e)
        }
    }

    private suspend fun <T> call(work: (Op) -> T): T = calls.run(work)

    public companion object {
        /** The version of the library, semantic. */
        @JvmStatic
        public val version: String get() = loaded { Mobile.version() }

        /**
         * Opens the terminal of [config] and takes its data folder, which is made when it is missing. It sends nothing and works
         * without network. It blocks for storage and keys: call it off the main thread.
         *
         * In a coroutine, keep the terminal within the block that opens it: `withContext(Dispatchers.IO) { terminal = Terminal.open(…) }`.
         * What such a block returns to a coroutine that was cancelled meanwhile is lost, and an open terminal has its data folder
         * until the process ends.
         *
         * @throws TerminalException with [FaultCode.INVALID_CONFIG] (the message names the parameter),
         * [FaultCode.DATA_DIR_LOCKED], [FaultCode.STORAGE_READ_ONLY], [FaultCode.STORAGE_FULL], [FaultCode.STORAGE_DAMAGED],
         * [FaultCode.KEY_LOST]; with [FaultCode.INTERNAL] when the app has no native library for this device.
         * @throws IllegalStateException on Android's main thread.
         */
        @JvmStatic
        @Throws(TerminalException::class)
        public fun open(config: TerminalConfig, host: TerminalHost): Terminal = open(config, host, ::refuseOnMainThread)

        /**
         * As [open], with the keys in sealed files of the data folder, for desktops and tests: who has the folder and the
         * [TerminalConfig.Builder.whitelistSecret] has the keys. There is no [TerminalConfig.Builder.whitelistKey] then.
         */
        @JvmStatic
        @JvmOverloads
        @Throws(TerminalException::class)
        public fun openWithSoftwareKeys(config: TerminalConfig, log: LogSink = LogSink { _, _ -> }): Terminal =
            open(config, BoundHost(null, log), ::refuseOnMainThread)

        internal fun open(config: TerminalConfig, host: TerminalHost, refuseMainThread: (String) -> Unit): Terminal =
            open(config, BoundHost(host.keys, host.log), refuseMainThread)

        private fun open(config: TerminalConfig, boundHost: BoundHost, refuseMainThread: (String) -> Unit): Terminal {
            refuseMainThread("Terminal.open")
            return loaded { Terminal(Mobile.open(config.json, boundHost), boundHost, refuseMainThread) }
        }
    }
}

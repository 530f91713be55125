package com.smartpos.terminal.sample

import com.smartpos.terminal.Readiness
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/** What the set-up shows: the outcome of the last press of a button, the paired key, the findings of the last self-test. */
data class SetupState(
    val working: Boolean = false,
    val message: Message? = null,
    val fingerprint: String? = null,
    val findings: List<Readiness.Finding> = emptyList()
)

/** Parameters, pairing, self-test. It belongs to the process, as [Gate] does. */
class Setup(private val app: SampleApplication) {
    private val mutable = MutableStateFlow(SetupState(fingerprint = app.settings.fingerprint))

    val state: StateFlow<SetupState> get() = mutable

    /** Stores the parameters and opens the terminal with them. The secret goes into the key store; empty leaves the one there. */
    fun save(server: String, serialNumber: String, trustedCa: String, secret: ByteArray) = work {
        val usable = if (secret.isEmpty()) app.hasSecret() else secret.size in SECRET_BYTES
        if (!usable) {
            return@work it.copy(message = Message("secret_needed", ""))
        }
        app.close()
        if (secret.isNotEmpty()) app.importSecret(secret)
        app.settings.server = server
        app.settings.serialNumber = serialNumber
        app.settings.trustedCa = trustedCa
        app.terminal()
        EntryJob.schedule(app)
        it.copy(message = Message("saved", ""))
    }

    /** Pairs with a code of the admin panel. After a lost answer, press again with the same code. */
    fun pair(code: String) = work {
        val pairing = app.terminal().pair(code)
        app.settings.fingerprint = pairing.keyFingerprint
        it.copy(message = Message("paired", ""), fingerprint = pairing.keyFingerprint)
    }

    /** Forgets the pairing on this device; stored entries stay. */
    fun unpair() = work {
        app.terminal().unpair()
        app.settings.fingerprint = null
        it.copy(message = Message("unpaired", ""), fingerprint = null)
    }

    /** Tests what an entry needs. */
    fun test() = work { it.copy(findings = app.terminal().readiness().findings) }

    private fun work(call: suspend (SetupState) -> SetupState) {
        if (mutable.value.working) return
        mutable.update { it.copy(working = true, message = null) }
        app.scope.launch {
            try {
                mutable.value = call(mutable.value)
            } catch (e: CancellationException) {
                throw e
            } catch (e: Exception) {
                app.queue.failed(e)
                mutable.update { it.copy(message = e.message()) }
            } finally {
                mutable.update { it.copy(working = false) }
            }
        }
    }

    private companion object {
        val SECRET_BYTES = 32..1024
    }
}

package com.smartpos.terminal.sample

import com.smartpos.terminal.Card

/**
 * The card reader of the device's vendor. Implement it over the vendor's SDK and set [SampleApplication.cardReader]; without one
 * the gate has only its keyed field.
 */
fun interface CardReader {
    /**
     * Suspends until a card is read and gives it, with the way it was read; null when the guest took it away or the reader gave
     * up. Called on the main thread. When it is cancelled, put the reader to rest.
     */
    suspend fun read(): Card?
}

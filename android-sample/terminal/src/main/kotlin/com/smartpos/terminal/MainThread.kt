package com.smartpos.terminal

import android.os.Looper

/** Refuses a blocking call on Android's main thread; there is none on a plain JVM. */
internal fun refuseOnMainThread(call: String) {
    check(!isMainThread()) { "$call blocks: call it off the main thread, for example in withContext(Dispatchers.IO)" }
}

private fun isMainThread(): Boolean = try {
    Looper.getMainLooper()?.isCurrentThread ?: false
} catch (_: LinkageError) {
    false
}

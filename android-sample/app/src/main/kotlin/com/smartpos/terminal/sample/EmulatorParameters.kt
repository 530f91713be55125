package com.smartpos.terminal.sample

import android.content.Context
import android.content.pm.ApplicationInfo
import java.io.FileNotFoundException
import org.json.JSONObject

/** Where `posemu` listens and what it wants, for the set-up screen of a debug build. */
class EmulatorParameters private constructor(json: JSONObject) {
    val server: String = json.getString("server")
    val serialNumber: String = json.getString("serialNumber")
    val trustedCa: String = json.getString("trustedCa")
    val whitelistSecret: String = json.getString("whitelistSecret")

    companion object {
        /** What `android-sample/emulator.sh` wrote; null when it did not run, and in a release build. */
        fun read(context: Context): EmulatorParameters? {
            if (context.applicationInfo.flags and ApplicationInfo.FLAG_DEBUGGABLE == 0) return null
            return try {
                EmulatorParameters(JSONObject(context.assets.open("emulator.json").bufferedReader().use { it.readText() }))
            } catch (_: FileNotFoundException) {
                null
            }
        }
    }
}

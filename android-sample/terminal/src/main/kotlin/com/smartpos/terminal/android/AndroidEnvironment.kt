package com.smartpos.terminal.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.net.NetworkCapabilities
import android.util.Log
import com.smartpos.terminal.FaultCode
import com.smartpos.terminal.LogLevel
import com.smartpos.terminal.LogSink
import com.smartpos.terminal.Terminal
import com.smartpos.terminal.TerminalException
import com.smartpos.terminal.TerminalHost
import java.io.File
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged

private const val TAG = "SmartPosTerminal"

/**
 * What a terminal needs of an Android device. The time since boot, which trusted time is counted by, the library reads itself.
 * Keeps the application's context only; safe for concurrent use.
 */
public class AndroidEnvironment(context: Context) {
    private val context = context.applicationContext

    /** Where a terminal's data belongs: a folder of the app that is in no backup, since its keys are in none either. */
    public val dataFolder: File get() = File(context.noBackupFilesDir, "terminal")

    /** Writes to the device's log. */
    public val log: LogSink = LogSink { level, line -> Log.println(priority(level), TAG, line) }

    /** Keys in Android Keystore, lines to the device's log. */
    public fun host(): TerminalHost = TerminalHost(AndroidKeyHost(), log)

    /**
     * Whether the device has a network that reaches the internet, now and at every change, while it is collected. It is for banners
     * and for starting an upload early: a check needs no look at it, it finds out itself. The app needs the permission
     * `ACCESS_NETWORK_STATE`.
     */
    public val online: Flow<Boolean> = callbackFlow {
        val connectivity = context.getSystemService(ConnectivityManager::class.java)
        val callback = object : ConnectivityManager.NetworkCallback() {
            override fun onCapabilitiesChanged(network: Network, capabilities: NetworkCapabilities) {
                trySend(reachesInternet(capabilities))
            }

            override fun onLost(network: Network) {
                trySend(false)
            }
        }
        trySend(reachesInternet(connectivity.getNetworkCapabilities(connectivity.activeNetwork)))
        connectivity.registerDefaultNetworkCallback(callback)
        awaitClose { connectivity.unregisterNetworkCallback(callback) }
    }.conflate().distinctUntilChanged()

    /**
     * Tells [terminal] of every network that comes up, until it is cancelled or the terminal is closed: the real-time channel then
     * waits out no pause. The app needs the permission `ACCESS_NETWORK_STATE`.
     */
    public suspend fun watchNetworks(terminal: Terminal) {
        try {
            networks.collect { terminal.networkAvailable() }
        } catch (e: TerminalException) {
            if (e.code != FaultCode.CLOSED) {
                throw e
            }
        }
    }

    private val networks: Flow<Network> = callbackFlow {
        val connectivity = context.getSystemService(ConnectivityManager::class.java)
        val callback = object : ConnectivityManager.NetworkCallback() {
            override fun onAvailable(network: Network) {
                trySend(network)
            }
        }
        connectivity.registerDefaultNetworkCallback(callback)
        awaitClose { connectivity.unregisterNetworkCallback(callback) }
    }.conflate()
}

// A terminal's server may stand in a network without internet: validation is not asked for.
private fun reachesInternet(capabilities: NetworkCapabilities?) =
    capabilities?.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET) ?: false

private fun priority(level: LogLevel) = when (level) {
    LogLevel.DEBUG -> Log.DEBUG
    LogLevel.INFO -> Log.INFO
    LogLevel.WARNING -> Log.WARN
    LogLevel.ERROR -> Log.ERROR
}

package com.smartpos.terminal.android

import org.junit.runners.model.FrameworkMethod
import org.robolectric.RobolectricTestRunner
import org.robolectric.internal.bytecode.InstrumentationConfiguration

/** Robolectric with one binding for all its class loaders: a JVM loads libgojni.so for one of them only. */
class TerminalRunner(test: Class<*>) : RobolectricTestRunner(test) {
    override fun createClassLoaderConfig(method: FrameworkMethod): InstrumentationConfiguration =
        InstrumentationConfiguration.Builder(super.createClassLoaderConfig(method))
            .doNotAcquirePackage("go.")
            .doNotAcquirePackage("com.smartpos.terminal.bind.")
            .build()
}

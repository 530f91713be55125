// R8 before the Android plugin's own: the one that the consumer rules are tested with, which reads this Kotlin's metadata.
buildscript {
    dependencies {
        classpath(libs.r8)
    }
}

plugins {
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.kotlin.android) apply false
}

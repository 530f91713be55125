package com.smartpos.terminal

import java.io.File
import kotlinx.validation.api.dump
import kotlinx.validation.api.filterOutNonPublic
import kotlinx.validation.api.loadApiFromJvmClasses
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** A change of the public API is a change of a committed file. */
class ApiTest {
    private val root = File(System.getProperty("repository.root"), "android-sample/terminal")
    private val committed = File(root, "api/terminal.api")

    @Test
    fun `the public API is the committed one`() {
        val classes = File(root, "target/classes").walkTopDown().filter { it.extension == "class" }.map { it.inputStream() }
        val api = buildString { classes.loadApiFromJvmClasses().filterOutNonPublic().dump(this) }
        // Kotlin's synthetic constructors are for itself.
        val callable = api.lines().filter { " synthetic " !in it }
        assertEquals(emptyList<String>(), callable.filter { "terminal/bind/" in it }, "a generated class is in the API")
        assertEquals(emptyList<String>(), callable.filter { "serialization/" in it }, "JSON is in the API")
        if (System.getProperty("api.update") == "true") {
            committed.writeText(api)
        }
        assertEquals(committed.readText(), api, "if it is meant: make jvm-api-update, and add to CHANGELOG.md")
    }
}

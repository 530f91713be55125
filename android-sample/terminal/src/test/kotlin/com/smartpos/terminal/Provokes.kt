package com.smartpos.terminal

import org.junit.platform.commons.support.HierarchyTraversalMode
import org.junit.platform.commons.support.ReflectionSupport

/** The codes that a test provokes through the real binding, and reads. */
@Target(AnnotationTarget.FUNCTION)
@Retention(AnnotationRetention.RUNTIME)
annotation class Provokes(vararg val codes: FaultCode)

/** What Kotlin cannot provoke, and why. */
val notFromKotlin: Map<FaultCode, String> = listOf(
    FaultCode.PAYMENT_UNKNOWN,
    FaultCode.PAYMENT_EXPIRED,
    FaultCode.INVALID_AMOUNT,
    FaultCode.TOKEN_INVALID,
    FaultCode.CARD_APP_RESULT_INVALID,
    FaultCode.FOREIGN_CORR_ID,
    FaultCode.ALREADY_RESOLVED
).associateWith { "the Kotlin library does not offer payments" }

/** The codes of every test on the plain JVM that is marked with [Provokes]. */
fun provokedByMarkedTests(): Set<FaultCode> =
    ReflectionSupport.findAllClassesInPackage("com.smartpos.terminal", { true }) { ".android." !in it && "Test" in it }
        .flatMap { ReflectionSupport.findMethods(it, { true }, HierarchyTraversalMode.TOP_DOWN) }
        .mapNotNull { it.getAnnotation(Provokes::class.java) }.flatMap { it.codes.asList() }.toSet()

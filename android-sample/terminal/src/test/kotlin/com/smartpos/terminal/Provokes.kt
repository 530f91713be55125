package com.smartpos.terminal

import org.junit.platform.commons.support.HierarchyTraversalMode
import org.junit.platform.commons.support.ReflectionSupport

/** The codes that a test provokes through the real binding, and reads. */
@Target(AnnotationTarget.FUNCTION)
@Retention(AnnotationRetention.RUNTIME)
annotation class Provokes(vararg val codes: FaultCode)

/** The codes of every test on the plain JVM that is marked with [Provokes]. */
fun provokedByMarkedTests(): Set<FaultCode> =
    ReflectionSupport.findAllClassesInPackage("com.smartpos.terminal", { true }) { ".android." !in it && "Test" in it }
        .flatMap { ReflectionSupport.findMethods(it, { true }, HierarchyTraversalMode.TOP_DOWN) }
        .mapNotNull { it.getAnnotation(Provokes::class.java) }.flatMap { it.codes.asList() }.toSet()

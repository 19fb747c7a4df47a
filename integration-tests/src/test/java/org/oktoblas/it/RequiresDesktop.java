package org.oktoblas.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * Marks tests of DJL's images, which are the JDK's: the runtime of a distribution, which shows
 * none, leaves that module out.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@EnabledIf(
        value = "org.oktoblas.it.RequiresDesktop$Module#isThere",
        disabledReason = "this Java runtime has no module java.desktop")
@interface RequiresDesktop {

    /** Looks for the module. */
    final class Module {

        private Module() {}

        static boolean isThere() {
            return ModuleLayer.boot().findModule("java.desktop").isPresent();
        }
    }
}

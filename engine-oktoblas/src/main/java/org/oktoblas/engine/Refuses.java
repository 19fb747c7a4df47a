package org.oktoblas.engine;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks every method that throws what {@link Unavailable#because} makes; docs/operations.md is
 * written from these marks.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Refuses {

    /** Why. */
    Refusal value();

    /** In which case, as in "the array is one of strings"; empty if always. */
    String when() default "";
}

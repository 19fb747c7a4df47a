package org.oktoblas.engine;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Tests that need a GPU, of JUnit and of jqwik. They carry the tag {@code gpu}, and are skipped,
 * with the engine's reason, where there is none.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("gpu")
@net.jqwik.api.Tag("gpu")
@ExtendWith(GpuCondition.class)
@AddLifecycleHook(GpuHook.class)
public @interface RequiresGpu {

    /** How many GPUs are needed. */
    int count() default 1;
}

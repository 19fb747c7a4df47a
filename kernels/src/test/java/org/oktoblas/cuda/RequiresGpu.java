package org.oktoblas.cuda;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Tests that need GPUs; they are skipped, with the reason, where there are too few. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("gpu")
@ExtendWith(RequiresGpu.Condition.class)
public @interface RequiresGpu {

    /** How many GPUs are needed. */
    int count() default 1;

    /** Counts the GPUs. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            int needed =
                    AnnotationSupport.findAnnotation(context.getElement(), RequiresGpu.class)
                            .map(RequiresGpu::count)
                            .orElse(1);
            if (CudaDevice.count() >= needed) {
                return ConditionEvaluationResult.enabled("there are enough GPUs");
            }
            return ConditionEvaluationResult.disabled(
                    CudaDevice.whyUnavailable()
                            .orElse("it needs " + needed + " GPUs, not " + CudaDevice.count()));
        }
    }
}

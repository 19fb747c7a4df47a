package org.oktoblas.engine;

import java.lang.reflect.AnnotatedElement;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** What {@link RequiresGpu} means to JUnit. */
final class GpuCondition implements ExecutionCondition {

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        return context.getElement()
                .flatMap(GpuCondition::missing)
                .map(ConditionEvaluationResult::disabled)
                .orElseGet(() -> ConditionEvaluationResult.enabled("The GPUs are there."));
    }

    /** Returns why an annotated class or method cannot run, or nothing if it can. */
    static Optional<String> missing(AnnotatedElement element) {
        return AnnotationSupport.findAnnotation(element, RequiresGpu.class)
                .flatMap(needed -> missing(needed.count()));
    }

    private static Optional<String> missing(int count) {
        int present = OktoEngine.get().getGpuCount();
        if (present >= count) {
            return Optional.empty();
        }
        return Optional.of(
                OktoEngine.get()
                        .whyNoGpu()
                        .orElse(count + " GPUs are needed; here are " + present + "."));
    }
}

package org.oktoblas.engine;

import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;

/** What {@link RequiresGpu} means to jqwik. */
final class GpuHook implements SkipExecutionHook {

    @Override
    public SkipResult shouldBeSkipped(LifecycleContext context) {
        return context.optionalElement()
                .flatMap(GpuCondition::missing)
                .map(SkipResult::skip)
                .orElseGet(SkipResult::doNotSkip);
    }
}

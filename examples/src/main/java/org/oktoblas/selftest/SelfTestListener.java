package org.oktoblas.selftest;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestSource;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Turns what JUnit says into outcomes by class. */
final class SelfTestListener implements TestExecutionListener {

    private final SelfTestReport report;
    private final Map<String, Long> started = new ConcurrentHashMap<>();
    private TestPlan plan;

    SelfTestListener(SelfTestReport report) {
        this.report = report;
    }

    @Override
    public void testPlanExecutionStarted(TestPlan testPlan) {
        plan = testPlan;
    }

    @Override
    public void executionStarted(TestIdentifier identifier) {
        started.put(identifier.getUniqueId(), System.nanoTime());
    }

    @Override
    public void executionSkipped(TestIdentifier identifier, String reason) {
        long tests =
                plan.getDescendants(identifier).stream().filter(TestIdentifier::isTest).count();
        // A skipped class stands for its tests; one of parameterized tests only for itself.
        for (long i = 0; i < Math.max(1, tests); i++) {
            add(identifier, Outcome.Status.SKIPPED, reason, null);
        }
        finishedClass(identifier);
    }

    @Override
    public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
        Throwable thrown = result.getThrowable().orElse(null);
        switch (result.getStatus()) {
            case SUCCESSFUL -> {
                if (identifier.isTest()) {
                    add(identifier, Outcome.Status.PASSED, null, null);
                }
            }
            case ABORTED -> add(identifier, Outcome.Status.SKIPPED, message(thrown), null);
            case FAILED -> add(identifier, Outcome.Status.FAILED, message(thrown), thrown);
            default -> throw new IllegalStateException("status " + result.getStatus());
        }
        finishedClass(identifier);
    }

    private void add(
            TestIdentifier identifier, Outcome.Status status, String reason, Throwable failure) {
        Long start = started.remove(identifier.getUniqueId());
        report.add(
                new Outcome(
                        className(plan, identifier),
                        name(identifier),
                        status,
                        reason,
                        failure,
                        start == null ? 0 : (System.nanoTime() - start) / 1e9));
    }

    /** Says that a class is done; nested classes belong to the one around them. */
    private void finishedClass(TestIdentifier identifier) {
        boolean outermost =
                identifier.getSource().filter(ClassSource.class::isInstance).isPresent()
                        && plan.getParent(identifier).flatMap(TestIdentifier::getSource).isEmpty();
        if (outermost) {
            report.finish(className(plan, identifier));
        }
    }

    private static String message(Throwable thrown) {
        if (thrown == null) {
            return "no reason given";
        }
        String message = thrown.getMessage();
        return message == null ? thrown.getClass().getName() : message;
    }

    /** Returns a test's name with those of what it is an invocation of. */
    private String name(TestIdentifier identifier) {
        Optional<TestIdentifier> parent = plan.getParent(identifier);
        boolean top =
                parent.flatMap(TestIdentifier::getSource)
                        .filter(source -> !(source instanceof ClassSource))
                        .isEmpty();
        String own = identifier.getDisplayName();
        return top ? own : name(parent.get()) + " " + own;
    }

    /** Returns the name of the class that a test stands in, the outermost of nested ones. */
    static String className(TestPlan plan, TestIdentifier identifier) {
        String name = null;
        Optional<TestIdentifier> each = Optional.of(identifier);
        while (each.isPresent()) {
            TestSource source = each.get().getSource().orElse(null);
            if (source instanceof ClassSource type) {
                name = type.getClassName();
            } else if (source instanceof MethodSource method && name == null) {
                name = method.getClassName();
            }
            each = plan.getParent(each.get());
        }
        return name == null ? identifier.getDisplayName() : name;
    }
}

package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import org.oktoblas.it.Target;

/** Runs the cases of an operation on this engine and on its peer. */
final class Runner implements AutoCloseable {

    private static final boolean TRACE = Boolean.getBoolean("differential.trace");

    private final Operation operation;
    private final boolean besidePyTorch;
    private final NDManager theirs;
    private final NDManager own;
    private final Tally tally;

    Runner(Target ours, Target peer, Operation operation, Tally tally) {
        this.operation = operation;
        this.tally = tally;
        besidePyTorch = peer.equals(Target.PYTORCH);
        theirs = peer.newManager();
        own = ours.newManager();
    }

    Operation operation() {
        return operation;
    }

    /** What came of a case on one engine: contents, or what was thrown. */
    private record Outcome(
            Object result,
            List<Results.Content> bases,
            List<Results.Content> operands,
            boolean same,
            RuntimeException refusal) {}

    /**
     * Runs a case.
     *
     * @return what is wrong, or null
     */
    String failure(List<Integer> choices, boolean counted) {
        // PyTorch's engine has no working BFLOAT16.
        Case drawn = Case.of(operation, new Draw(choices, !besidePyTorch));
        if (TRACE) {
            System.err.println(drawn);
        }
        Operation.Call call = drawn.call();
        Operation.Body body = call.body();
        Operation.Body there = besidePyTorch && call.instead() != null ? call.instead() : body;
        Outcome expected = run(theirs, drawn, there);
        Outcome actual = run(own, drawn, body);
        String wrong = compare(drawn, expected, actual);
        if (wrong != null && besidePyTorch) {
            for (Operation.Difference difference : operation.differences()) {
                if (difference.where().test(drawn)) {
                    String plain = actual.refusal == null ? againstJava(drawn, actual) : null;
                    if (plain != null) {
                        return drawn + "\n  " + plain;
                    }
                    if (counted) {
                        tally.known(operation.name(), difference.reason());
                    }
                    return null;
                }
            }
        }
        if (wrong == null && counted) {
            count(call, expected, actual);
        }
        return wrong == null ? null : drawn + "\n  " + wrong;
    }

    private void count(Operation.Call call, Outcome expected, Outcome actual) {
        if (expected.refusal == null) {
            tally.count(Tally.Kind.PEER);
        } else if (actual.refusal != null) {
            tally.count(Tally.Kind.BOTH_REFUSE);
        } else if (call.reference() != null) {
            tally.count(Tally.Kind.REFERENCE);
        } else {
            if (TRACE) {
                System.err.println("Refused by the other engine: " + expected.refusal);
            }
            tally.alone(operation.name());
        }
    }

    private Outcome run(NDManager engine, Case drawn, Operation.Body body) {
        try (NDManager manager = engine.newSubManager()) {
            List<Operand.Made> made = new ArrayList<>();
            NDArray[] arrays = new NDArray[drawn.operands().size()];
            List<Results.Content> operands = new ArrayList<>();
            for (int i = 0; i < arrays.length; i++) {
                made.add(drawn.operand(i).on(manager));
                arrays[i] = made.get(i).array();
                operands.add(Results.Content.of(arrays[i]));
            }
            NDArray first = arrays.length == 0 ? null : arrays[0];
            Object result = null;
            boolean same = false;
            RuntimeException refusal = null;
            try {
                Object returned = body.run(manager, arrays);
                same = returned == first;
                result = Results.contents(returned);
                Results.checkTypes(result);
            } catch (RuntimeException e) {
                refusal = e;
            }
            List<Results.Content> bases = new ArrayList<>();
            for (Operand.Made one : made) {
                bases.add(Results.Content.of(one.base()));
            }
            return new Outcome(result, bases, operands, same, refusal);
        }
    }

    private String compare(Case drawn, Outcome expected, Outcome actual) {
        if (actual.refusal != null) {
            if (expected.refusal == null) {
                return "refused: "
                        + actual.refusal
                        + "\n    instead of "
                        + Results.shown(expected.result)
                        + trace(actual.refusal);
            }
            return clumsy(actual.refusal)
                    ? "refused with a message that helps nobody: "
                            + actual.refusal
                            + trace(actual.refusal)
                    : null;
        }
        if (operation.inPlace() && !actual.same) {
            return "returned another array than the one to change";
        }
        Tolerance tolerance = operation.tolerance();
        Tolerance.Scale scale = scale(actual.operands);
        if (expected.refusal != null) {
            String wrong = againstJava(drawn, actual);
            return wrong == null ? null : wrong + "; the other engine: " + expected.refusal;
        }
        String wrong = Results.compare(expected.result, actual.result, tolerance, scale);
        for (int i = 0; wrong == null && i < actual.bases.size(); i++) {
            wrong = Results.compare(expected.bases.get(i), actual.bases.get(i), tolerance, scale);
            wrong = wrong == null ? null : "operand " + i + " became, or lies in: " + wrong;
        }
        return wrong;
    }

    /** Compares with the reference in plain Java, if there is one. */
    private String againstJava(Case drawn, Outcome actual) {
        Reference reference = drawn.call().reference();
        if (reference == null) {
            return null;
        }
        Reference.Numbers[] numbers =
                actual.operands.stream()
                        .map(Results.Content::numbers)
                        .toArray(Reference.Numbers[]::new);
        Reference.Numbers expected = reference.of(numbers);
        Tolerance.Scale scale = scale(actual.operands);
        String wrong = Results.compare(expected, actual.result, operation.tolerance(), scale);
        return wrong == null ? null : wrong + "\n    by plain Java";
    }

    /** Returns whether an exception is one of Java's own, about the inside of the engine. */
    private static boolean clumsy(RuntimeException e) {
        return e.getMessage() == null
                || e instanceof NullPointerException
                || e instanceof ArrayIndexOutOfBoundsException
                || e.getMessage().equals("/ by zero")
                || e instanceof NegativeArraySizeException
                || e instanceof ClassCastException;
    }

    private static String trace(RuntimeException e) {
        StringBuilder text = new StringBuilder();
        StackTraceElement[] trace = e.getStackTrace();
        for (int i = 0; i < Math.min(6, trace.length); i++) {
            text.append("\n      at ").append(trace[i]);
        }
        return text.toString();
    }

    private static Tolerance.Scale scale(List<Results.Content> operands) {
        double largest = 1;
        double terms = 1;
        for (Results.Content operand : operands) {
            terms = Math.max(terms, operand.count());
            for (int i = 0; i < operand.count(); i++) {
                double size = Math.abs(operand.real(i));
                largest = size > largest && size <= Double.MAX_VALUE ? size : largest;
            }
        }
        return new Tolerance.Scale(largest, terms);
    }

    @Override
    public void close() {
        theirs.close();
        own.close();
    }
}

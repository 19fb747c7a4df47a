package org.oktoblas.it.differential;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.sessions.JqwikSession;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.oktoblas.it.Target;

/**
 * Every operation, on arrays of many types, shapes, layouts and values, does what it does on
 * another engine: DJL's PyTorch engine as a rule. jqwik draws the cases and shrinks those that
 * fail. The cases are the same in each run unless the system property {@code differential.seed}
 * says otherwise; {@code differential.tries} sets how many there are for each operation, {@code
 * differential.only} names the operations to run, by a part of their names, and {@code
 * differential.trace} prints each case before it runs, for when an engine takes the process down.
 */
abstract class DifferentialLaws {

    private static final int LEAST = 20_000;
    private static final int TRIES = Integer.getInteger("differential.tries", 100);
    private static final String ONLY = System.getProperty("differential.only", "");
    private static final long SEED = Long.getLong("differential.seed", 1);

    /** The longest list of choices that a case needs; what is missing counts as 0. */
    private static final int CHOICES = 64;

    /** The most cases that are run to make a failing one simpler. */
    private static final int SHRINKING_TRIES = 2_000;

    private final Target ours;

    DifferentialLaws(Target ours) {
        this.ours = ours;
    }

    @TestFactory
    Stream<DynamicTest> operations() {
        Target peer = ours.peer();
        Tally tally = new Tally();
        List<DynamicTest> tests = new ArrayList<>();
        for (Operation operation : Operations.all()) {
            if (!operation.name().contains(ONLY)) {
                continue;
            }
            String name = operation.name() + " (beside " + peer + ")";
            tests.add(
                    DynamicTest.dynamicTest(
                            name,
                            () -> {
                                try (Runner runner = new Runner(ours, peer, operation, tally)) {
                                    JqwikSession.run(() -> check(runner));
                                }
                            }));
        }
        tests.add(
                DynamicTest.dynamicTest(
                        "at least " + LEAST + " cases (beside " + peer + ")",
                        () -> {
                            System.out.println(tally);
                            assertTrue(tally.cases() >= LEAST, tally.toString());
                        }));
        return tests.stream();
    }

    private static void check(Runner runner) {
        Arbitrary<List<Integer>> choices =
                Arbitraries.integers()
                        .between(0, 9_999)
                        .withDistribution(RandomDistribution.uniform())
                        .list()
                        .ofSize(CHOICES);
        RandomGenerator<List<Integer>> generator = choices.generator(TRIES, false);
        Random random = new Random(SEED * 31 + runner.operation().name().hashCode());
        for (int i = 0; i < TRIES; i += runner.operation().every()) {
            Shrinkable<List<Integer>> drawn = generator.next(random);
            if (runner.failure(drawn.value(), true) != null) {
                List<Integer> smallest = shrink(runner, drawn);
                fail(runner.failure(smallest, false));
            }
        }
    }

    /** Follows jqwik's suggestions of simpler cases as long as they fail too. */
    private static List<Integer> shrink(Runner runner, Shrinkable<List<Integer>> failing) {
        Shrinkable<List<Integer>> smallest = failing;
        int[] left = {SHRINKING_TRIES};
        Optional<Shrinkable<List<Integer>>> simpler = Optional.of(failing);
        while (simpler.isPresent()) {
            smallest = simpler.get();
            simpler =
                    smallest.shrink()
                            .takeWhile(tried -> left[0]-- > 0)
                            .filter(tried -> runner.failure(tried.value(), false) != null)
                            .findFirst();
        }
        return smallest.value();
    }
}

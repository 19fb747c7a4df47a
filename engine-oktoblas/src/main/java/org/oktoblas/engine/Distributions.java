package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import java.nio.DoubleBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Draws from distributions beyond the backend's own, composed of its uniform and normal numbers.
 * Every element has random numbers of its own, those of other elements' rejected candidates left
 * aside, so that one decision that falls differently on another device changes that element only.
 */
final class Distributions {

    /** Up to here a double is every whole number's own. */
    static final long EXACT = 1L << 53;

    /** Elements that are worked on at a time, which bounds the memory that steps between take. */
    private static final int STRETCH = 1 << 18;

    /**
     * From this mean on the Poisson distribution is drawn by rejection: the hat fits from 10 on.
     */
    private static final double LARGE_MEAN = 10;

    /** ln k! for k below 10, where Stirling's series is not exact enough. */
    private static final double[] LOG_FACTORIALS = logFactorials();

    private Distributions() {}

    private static double[] logFactorials() {
        double[] logs = new double[10];
        for (int k = 2; k < logs.length; k++) {
            logs[k] = logs[k - 1] + Math.log(k);
        }
        return logs;
    }

    /** Fills a tensor with the engine's next random numbers. */
    static Tensor draw(Operation operation, RandomOp op, double first, double second, Tensor out) {
        long count = out.layout().count();
        if (count > 0) {
            Randomness.Stretch stretch = OktoEngine.get().randomness().take(count);
            operation.backend.random(op, first, second, stretch.seed(), stretch.start(), out);
        }
        return out;
    }

    /**
     * Draws from any interval of INT64. A short one is drawn as the distance from low; of one that
     * is longer than doubles can count, low + 2^31 · a + b is drawn, with a up to the last that is
     * needed and b below 2^31, until all are below high.
     */
    static void integers(Operation operation, long low, long high, Tensor out) {
        if (out.layout().count() == 0) {
            return;
        }
        long range = high - low; // Unsigned, up to 2^64 − 1.
        if (range > 0 && range <= EXACT) {
            draw(operation, RandomOp.INTEGER, 0, range, out);
            operation.backend.binary(BinaryOp.ADD, out, Scalar.of(low), out);
            return;
        }
        long last = range - 1 >>> 31;
        long[] shape = out.layout().shape();
        long[] one = shape.clone();
        Arrays.fill(one, 1);
        Tensor value = operation.create(shape, DataType.INT64);
        Tensor rest = operation.create(shape, DataType.INT64);
        Tensor accepted = operation.create(shape, DataType.BOOLEAN);
        Tensor above = operation.create(shape, DataType.BOOLEAN);
        Tensor done = operation.create(shape, DataType.BOOLEAN);
        Tensor all = operation.create(one, DataType.BOOLEAN);
        operation.backend.fill(done, Scalar.of(0));
        operation.backend.fill(out, Scalar.of(0));
        boolean finished = false;
        while (!finished) {
            draw(operation, RandomOp.INTEGER, 0, last + 1.0, value);
            operation.backend.binary(BinaryOp.MULTIPLY, value, Scalar.of(1L << 31), value);
            draw(operation, RandomOp.INTEGER, 0, 0x1p31, rest);
            operation.backend.binary(BinaryOp.ADD, value, rest, value);
            operation.backend.binary(BinaryOp.ADD, value, Scalar.of(low), value);
            // What runs over the largest number comes out below low.
            operation.backend.binary(BinaryOp.LESS, value, Scalar.of(high), accepted);
            operation.backend.binary(BinaryOp.GREATER_OR_EQUAL, value, Scalar.of(low), above);
            operation.backend.binary(BinaryOp.LOGICAL_AND, accepted, above, accepted);
            operation.backend.where(done, out, value, out);
            operation.backend.binary(BinaryOp.LOGICAL_OR, done, accepted, done);
            operation.backend.reduce(ReduceOp.ALL, done, all);
            finished = HostElements.doubles(operation, all)[0] != 0;
        }
    }

    /** How elements are drawn, given their parameters. */
    interface Sampler {
        Tensor draw(Formula formula, Tensor... parameters);
    }

    /**
     * Draws one element for each element of the parameters, in stretches.
     *
     * @param parameters FLOAT64, of one shape
     */
    static Tensor sample(
            OktoNDManager manager, Operation operation, Sampler sampler, Tensor... parameters) {
        Tensor out = operation.create(parameters[0].layout().shape(), DataType.FLOAT64);
        long count = out.layout().count();
        Tensor flat = operation.reshape(out, count);
        Tensor[] dense = new Tensor[parameters.length];
        for (int i = 0; i < dense.length; i++) {
            dense[i] = operation.reshape(parameters[i], count);
        }
        Device device = operation.backend.device();
        for (long from = 0; from < count; from += STRETCH) {
            long length = Math.min(STRETCH, count - from);
            Tensor[] parts = new Tensor[dense.length];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = part(dense[i], from, length);
            }
            try (Formula formula = new Formula(manager, device, length)) {
                Tensor drawn = sampler.draw(formula, parts);
                operation.backend.copy(drawn, part(flat, from, length));
            }
        }
        return out;
    }

    private static Tensor part(Tensor tensor, long from, long length) {
        return tensor.with(tensor.layout().slice(0, from, length, 1));
    }

    /** mu + sigma · N(0, 1). */
    static Tensor normal(Formula f, Tensor... muSigma) {
        return f.plus(f.times(f.normal(), muSigma[1]), muSigma[0]);
    }

    /** A candidate for every element, and whether it is accepted. */
    private record Trial(Tensor candidate, Tensor accepted) {}

    private interface Proposal {
        Trial propose(Formula formula);
    }

    /** Proposes for all elements until each has a candidate that was accepted, its first. */
    private static Tensor firstAccepted(Formula formula, Proposal proposal) {
        Tensor value = formula.create(DataType.FLOAT64);
        Tensor done = formula.filled(DataType.BOOLEAN, 0);
        boolean finished = false;
        boolean first = true;
        while (!finished) {
            try (Formula round = formula.part()) {
                Trial trial = proposal.propose(round);
                Tensor kept = first ? trial.candidate : round.choose(done, value, trial.candidate);
                round.operation().backend.copy(kept, value);
                round.update(BinaryOp.LOGICAL_OR, done, trial.accepted);
                finished = round.holds(ReduceOp.ALL, done);
                first = false;
            }
        }
        return value;
    }

    /**
     * Draws from the gamma distribution: Marsaglia and Tsang, "A simple method for generating gamma
     * variables", ACM TOMS 26 (2000). A shape parameter a below 1 is drawn as a + 1 and multiplied
     * by u^(1/a), their note in section 6; 0 gives 0.
     */
    static Tensor gamma(Formula f, Tensor... alphaBeta) {
        Tensor alpha = alphaBeta[0];
        Tensor small = f.of(BinaryOp.LESS, alpha, Scalar.of(1));
        Tensor shape = f.choose(small, f.plus(alpha, Scalar.of(1)), alpha);
        Tensor d = f.minus(shape, Scalar.of(1.0 / 3));
        Tensor c = f.over(Scalar.of(1), f.of(UnaryOp.SQRT, f.times(d, Scalar.of(9))));
        Tensor drawn =
                firstAccepted(
                        f,
                        r -> {
                            Tensor x = r.normal();
                            Tensor root = r.plus(r.times(x, c), Scalar.of(1));
                            Tensor v = r.times(r.times(root, root), root);
                            Tensor candidate = r.times(d, v);
                            // x² / 2 + d − d v + d ln v, which is NaN, and refuses, for v < 0.
                            Tensor bound = r.times(d, r.of(UnaryOp.LOG, v));
                            r.update(BinaryOp.ADD, bound, r.minus(d, candidate));
                            Tensor half = r.times(r.times(x, x), Scalar.of(0.5));
                            r.update(BinaryOp.ADD, bound, half);
                            Tensor log = r.of(UnaryOp.LOG, r.uniform());
                            return new Trial(candidate, r.of(BinaryOp.LESS, log, bound));
                        });
        Tensor power = f.of(BinaryOp.POWER, f.uniform(), f.over(Scalar.of(1), alpha));
        Tensor boosted = f.choose(small, f.times(drawn, power), drawn);
        return f.times(boosted, alphaBeta[1]);
    }

    /** Draws from Poisson distributions whose means are all below 10, or all 10 and above. */
    static Sampler poisson(double leastMean, double largestMean) {
        if (largestMean < LARGE_MEAN) {
            return Distributions::smallPoisson;
        }
        if (leastMean >= LARGE_MEAN) {
            return Distributions::largePoisson;
        }
        return (f, mean) -> {
            Tensor isSmall = f.of(BinaryOp.LESS, mean[0], Scalar.of(LARGE_MEAN));
            Tensor least = f.of(BinaryOp.MINIMUM, mean[0], Scalar.of(LARGE_MEAN));
            Tensor largest = f.of(BinaryOp.MAXIMUM, mean[0], Scalar.of(LARGE_MEAN));
            return f.choose(isSmall, smallPoisson(f, least), largePoisson(f, largest));
        };
    }

    /** Inverts the distribution function: the least k with u < P(X ≤ k). */
    private static Tensor smallPoisson(Formula f, Tensor... mean) {
        Tensor u = f.uniform();
        Tensor value = f.filled(DataType.FLOAT64, 0);
        Tensor mass = f.of(UnaryOp.EXP, f.of(UnaryOp.NEGATE, mean[0]));
        Tensor below = f.operation().copy(mass, DataType.FLOAT64);
        // The mass beyond 100 is less than 1e-60, while rounding may keep the sum from reaching u.
        for (int k = 1; k <= 100; k++) {
            try (Formula step = f.part()) {
                Tensor beyond = step.of(BinaryOp.GREATER_OR_EQUAL, u, below);
                if (k % 4 == 0 && !step.holds(ReduceOp.ANY, beyond)) {
                    return value;
                }
                step.update(BinaryOp.ADD, value, step.as(DataType.FLOAT64, beyond));
                step.update(BinaryOp.MULTIPLY, mass, mean[0]);
                step.update(BinaryOp.DIVIDE, mass, Scalar.of(k));
                step.update(BinaryOp.ADD, below, mass);
            }
        }
        return value;
    }

    /**
     * Transformed rejection: Hörmann, "The transformed rejection method for generating Poisson
     * random variables", Insurance: Mathematics and Economics 12 (1993), algorithm PTRS without its
     * squeezes, which save logarithms of one element but none of many.
     */
    private static Tensor largePoisson(Formula f, Tensor... mean) {
        Tensor lambda = mean[0];
        Tensor b = f.plus(f.times(f.of(UnaryOp.SQRT, lambda), Scalar.of(2.53)), Scalar.of(0.931));
        Tensor a = f.minus(f.times(b, Scalar.of(0.02483)), Scalar.of(0.059));
        Tensor inverse =
                f.plus(f.over(Scalar.of(1.1328), f.minus(b, Scalar.of(3.4))), Scalar.of(1.1239));
        Tensor table = f.operation().create(new long[] {LOG_FACTORIALS.length}, DataType.FLOAT64);
        Buffers.write(DoubleBuffer.wrap(LOG_FACTORIALS), f.operation().backend, table, 0);
        return firstAccepted(
                f,
                r -> {
                    Tensor u = r.minus(r.uniform(), Scalar.of(0.5));
                    Tensor v = r.uniform();
                    Tensor us = r.minus(Scalar.of(0.5), r.of(UnaryOp.ABS, u));
                    Tensor slope = r.plus(r.over(r.times(a, Scalar.of(2)), us), b);
                    Tensor place = r.plus(r.times(slope, u), lambda);
                    Tensor k = r.of(UnaryOp.FLOOR, r.plus(place, Scalar.of(0.43)));
                    Tensor hat = r.plus(r.over(a, r.times(us, us)), b);
                    Tensor height = r.of(UnaryOp.LOG, r.over(r.times(v, inverse), hat));
                    Tensor mass = logMass(r, k, lambda, table);
                    Tensor accepted = r.of(BinaryOp.LESS_OR_EQUAL, height, mass);
                    r.update(
                            BinaryOp.LOGICAL_AND,
                            accepted,
                            r.of(BinaryOp.GREATER_OR_EQUAL, k, Scalar.of(0)));
                    return new Trial(k, accepted);
                });
    }

    /** ln (λ^k e^−λ / k!), for negative k anything. */
    private static Tensor logMass(Formula f, Tensor k, Tensor lambda, Tensor logFactorials) {
        int tabled = LOG_FACTORIALS.length;
        Tensor least = f.of(BinaryOp.MAXIMUM, k, Scalar.of(0));
        Tensor capped = f.of(BinaryOp.MINIMUM, least, Scalar.of(tabled - 1));
        Tensor index = f.as(DataType.INT64, capped);
        Tensor logFactorial = Selection.gather(f.operation(), logFactorials, 0, index);
        Tensor few = f.times(capped, f.of(UnaryOp.LOG, lambda));
        f.update(BinaryOp.SUBTRACT, few, logFactorial);
        f.update(BinaryOp.SUBTRACT, few, lambda);
        // Stirling: ln k! = k ln k − k + ln(2πk) / 2 + 1/12k − 1/360k³ + 1/1260k⁵ − 1/1680k⁷ + ….
        Tensor many = f.of(BinaryOp.MAXIMUM, k, Scalar.of(tabled));
        Tensor stirling = f.times(many, f.of(UnaryOp.LOG, f.over(lambda, many)));
        f.update(BinaryOp.ADD, stirling, f.minus(many, lambda));
        Tensor circle = f.of(UnaryOp.LOG, f.times(many, Scalar.of(2 * Math.PI)));
        f.update(BinaryOp.SUBTRACT, stirling, f.times(circle, Scalar.of(0.5)));
        Tensor square = f.over(Scalar.of(1), f.times(many, many));
        Tensor series = f.times(square, Scalar.of(-1.0 / 1680));
        for (double term : new double[] {1.0 / 1260, -1.0 / 360}) {
            f.update(BinaryOp.ADD, series, Scalar.of(term));
            f.update(BinaryOp.MULTIPLY, series, square);
        }
        f.update(BinaryOp.ADD, series, Scalar.of(1.0 / 12));
        f.update(BinaryOp.DIVIDE, series, many);
        f.update(BinaryOp.SUBTRACT, stirling, series);
        return f.choose(f.of(BinaryOp.LESS, k, Scalar.of(tabled)), few, stirling);
    }

    /**
     * Counts the outcomes of experiments: each draws a number from [0, 1), whose place among the
     * sums of the probabilities, found by halving, is the outcome.
     *
     * @param sums the sums of the first 1, 2, … probabilities, without the last, which is 1
     * @return INT64 (samples, sums.length + 1)
     */
    static Tensor multinomial(
            OktoNDManager manager, Operation operation, long samples, long n, double[] sums) {
        int outcomes = sums.length + 1;
        Tensor counts = operation.create(new long[] {samples, outcomes}, DataType.INT64);
        if (samples == 0) {
            return counts;
        }
        operation.backend.fill(counts, Scalar.of(0));
        Tensor flat = operation.reshape(counts, samples * outcomes);
        int width = outcomes == 1 ? 1 : Integer.highestOneBit(outcomes - 1) * 2;
        double[] padded = Arrays.copyOf(sums, width);
        Arrays.fill(padded, sums.length, width, Double.POSITIVE_INFINITY);
        Tensor bounds = operation.create(new long[] {width}, DataType.FLOAT64);
        Buffers.write(DoubleBuffer.wrap(padded), operation.backend, bounds, 0);
        long experiments = Math.multiplyExact(samples, n);
        Device device = operation.backend.device();
        for (long from = 0; from < experiments; from += STRETCH) {
            long length = Math.min(STRETCH, experiments - from);
            try (Formula formula = new Formula(manager, device, length)) {
                Tensor outcome = places(formula, formula.uniform(), bounds, width);
                // The experiments of one sample are neighbours.
                Tensor place = formula.create(DataType.INT64);
                operation.backend.arange(Scalar.of(from), Scalar.of(1L), place);
                formula.update(BinaryOp.DIVIDE, place, Scalar.of(n));
                formula.update(BinaryOp.MULTIPLY, place, Scalar.of(outcomes));
                formula.update(BinaryOp.ADD, place, outcome);
                Tensor ones = formula.filled(DataType.INT64, 1);
                operation.backend.scatter(true, ones, 0, place, flat);
            }
        }
        return counts;
    }

    /** Returns how many bounds are not above each value, INT64. */
    private static Tensor places(Formula f, Tensor values, Tensor bounds, int width) {
        Tensor low = f.filled(DataType.INT64, 0);
        for (int step = width / 2; step > 0; step /= 2) {
            try (Formula part = f.part()) {
                Tensor middle = part.create(DataType.INT64);
                f.operation().backend.binary(BinaryOp.ADD, low, Scalar.of(step - 1), middle);
                Tensor bound = Selection.gather(part.operation(), bounds, 0, middle);
                Tensor above = part.of(BinaryOp.GREATER_OR_EQUAL, values, bound);
                Tensor by = part.as(DataType.INT64, above);
                part.update(BinaryOp.MULTIPLY, by, Scalar.of(step));
                part.update(BinaryOp.ADD, low, by);
            }
        }
        return low;
    }
}

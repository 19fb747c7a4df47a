package org.oktoblas.bench.ndarray;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Locale;
import java.util.Optional;

/**
 * What an engine says of a result, for another engine's to be compared with.
 *
 * @param shape of the result
 * @param type of its elements
 * @param count how many they are
 * @param mean their mean
 * @param meanSquare the mean of their squares
 * @param samples some of them, evenly spaced, both ends among them
 */
record Digest(
        String shape, String type, long count, double mean, double meanSquare, double[] samples) {

    private static final int SAMPLES = 4096;

    /** Random results' moments may differ by this many standard errors of a normal variable. */
    private static final double STANDARD_ERRORS = 12;

    /** Reads a result. Of a list, only the first array counts. */
    static Digest of(Object result) {
        if (result instanceof float[] numbers) {
            double[] values = new double[numbers.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = numbers[i];
            }
            return of(values, new Shape(numbers.length), DataType.FLOAT32);
        }
        NDArray array = result instanceof NDList list ? list.head() : (NDArray) result;
        try (NDArray wide = array.toType(DataType.FLOAT64, true)) {
            return of(wide.toDoubleArray(), array.getShape(), array.getDataType());
        }
    }

    private static Digest of(double[] values, Shape shape, DataType type) {
        double sum = 0;
        double squares = 0;
        for (double value : values) {
            sum += value;
            squares += value * value;
        }
        double[] samples = new double[Math.min(SAMPLES, values.length)];
        for (int i = 0; i < samples.length; i++) {
            long last = values.length - 1L;
            samples[i] = values[(int) (samples.length == 1 ? 0 : i * last / (samples.length - 1))];
        }
        return new Digest(
                shape.toString(),
                type.toString(),
                values.length,
                sum / values.length,
                squares / values.length,
                samples);
    }

    /**
     * Compares with another engine's result.
     *
     * @param random whether only distributions can be the same
     * @param tolerance the largest difference, relative to the root mean square of the results
     * @return what differs, if anything does
     */
    Optional<String> differenceFrom(Digest other, boolean random, double tolerance) {
        if (!shape.equals(other.shape) || !type.equals(other.type)) {
            return Optional.of(
                    "%s %s instead of %s %s".formatted(type, shape, other.type, other.shape));
        }
        double size = Math.sqrt(other.meanSquare);
        if (random) {
            double most = STANDARD_ERRORS / Math.sqrt(count);
            return far("the mean", mean, other.mean, most)
                    .or(() -> far("the mean square", meanSquare, other.meanSquare, most));
        }
        for (int i = 0; i < samples.length; i++) {
            double most = tolerance * Math.max(size, Math.abs(other.samples[i]));
            String which = "of %d samples number %d".formatted(samples.length, i);
            Optional<String> far = far(which, samples[i], other.samples[i], most);
            if (far.isPresent()) {
                return far;
            }
        }
        return far("the mean", mean, other.mean, tolerance * size)
                .or(
                        () ->
                                far(
                                        "the mean square",
                                        meanSquare,
                                        other.meanSquare,
                                        2 * tolerance * other.meanSquare));
    }

    private static Optional<String> far(String what, double got, double want, double most) {
        // Also where one of them is not a number.
        boolean near = Double.compare(got, want) == 0 || Math.abs(got - want) <= most;
        return near
                ? Optional.empty()
                : Optional.of(
                        String.format(Locale.ROOT, "%s is %s instead of %s", what, got, want));
    }
}

package org.oktoblas.bench.gpu;

import java.util.Comparator;
import java.util.stream.IntStream;

/** What results should be, in double precision and plain loops. */
final class Exact {

    private Exact() {}

    /** A function of indices. */
    interface Matrix {
        double at(long row, long column);
    }

    static double geluTanh(double x) {
        double inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
        return 0.5 * x * (1 + Math.tanh(inner));
    }

    /** Returns one element of a product of matrices that share a side of length k. */
    static double product(Matrix a, Matrix b, long row, long column, int k) {
        double sum = 0;
        for (int i = 0; i < k; i++) {
            sum += a.at(row, i) * b.at(i, column);
        }
        return sum;
    }

    static double[] softmax(double[] row) {
        double most = Double.NEGATIVE_INFINITY;
        for (double x : row) {
            most = Math.max(most, x);
        }
        double[] result = new double[row.length];
        double sum = 0;
        for (int i = 0; i < row.length; i++) {
            result[i] = Math.exp(row[i] - most);
            sum += result[i];
        }
        for (int i = 0; i < row.length; i++) {
            result[i] /= sum;
        }
        return result;
    }

    static double[] layerNorm(double[] row, double[] gamma, double[] beta, double epsilon) {
        double mean = 0;
        for (double x : row) {
            mean += x / row.length;
        }
        double variance = 0;
        for (double x : row) {
            variance += (x - mean) * (x - mean) / row.length;
        }
        double[] result = new double[row.length];
        for (int i = 0; i < row.length; i++) {
            result[i] = (row[i] - mean) / Math.sqrt(variance + epsilon) * gamma[i] + beta[i];
        }
        return result;
    }

    /**
     * Returns one query's result.
     *
     * @param query its vector
     * @param keys of its head, a row each
     * @param values of its head, a row each
     * @param seen how many keys it sees
     */
    static double[] attention(double[] query, Matrix keys, Matrix values, int seen) {
        int width = query.length;
        double[] scores = new double[seen];
        for (int s = 0; s < seen; s++) {
            for (int d = 0; d < width; d++) {
                scores[s] += query[d] * keys.at(s, d) / Math.sqrt(width);
            }
        }
        double[] weights = softmax(scores);
        double[] result = new double[width];
        for (int s = 0; s < seen; s++) {
            for (int d = 0; d < width; d++) {
                result[d] += weights[s] * values.at(s, d);
            }
        }
        return result;
    }

    static double[] cumulativeSum(double[] row) {
        double[] result = row.clone();
        for (int i = 1; i < row.length; i++) {
            result[i] += result[i - 1];
        }
        return result;
    }

    /** Returns the places of the elements in order, the first of equal ones first. */
    static int[] order(double[] row, boolean descending) {
        Comparator<Integer> order = Comparator.comparingDouble(i -> row[i]);
        return IntStream.range(0, row.length)
                .boxed()
                .sorted(descending ? order.reversed() : order)
                .mapToInt(Integer::intValue)
                .toArray();
    }

    /** Returns the place of the largest element, the first among equals. */
    static int largest(double[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }
}

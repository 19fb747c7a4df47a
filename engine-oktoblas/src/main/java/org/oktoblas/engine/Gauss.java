package org.oktoblas.engine;

/** Gauss-Jordan elimination with partial pivoting, in place. */
final class Gauss {

    private final double[] matrix;
    private final int n;

    /** Takes a row-major matrix of n rows and columns. */
    Gauss(double[] matrix, int n) {
        this.matrix = matrix;
        this.n = n;
    }

    /**
     * Replaces the matrix by its inverse.
     *
     * @return false if there is none; the matrix is then of no use
     */
    boolean invert() {
        int[] pivots = new int[n];
        for (int step = 0; step < n; step++) {
            int pivot = largest(step);
            if (matrix[pivot * n + step] == 0) {
                return false;
            }
            pivots[step] = pivot;
            swapRows(step, pivot);
            eliminate(step);
        }
        // The inverse of the matrix with its rows exchanged has its columns exchanged.
        for (int step = n - 1; step >= 0; step--) {
            swapColumns(step, pivots[step]);
        }
        return true;
    }

    private int largest(int column) {
        int best = column;
        for (int row = column + 1; row < n; row++) {
            if (Math.abs(matrix[row * n + column]) > Math.abs(matrix[best * n + column])) {
                best = row;
            }
        }
        return best;
    }

    /** Clears a column but for the pivot, and puts the inverse's column in its place. */
    private void eliminate(int step) {
        int at = step * n;
        double scale = 1 / matrix[at + step];
        matrix[at + step] = 1;
        for (int j = 0; j < n; j++) {
            matrix[at + j] *= scale;
        }
        for (int row = 0; row < n; row++) {
            double factor = matrix[row * n + step];
            if (row != step && factor != 0) {
                matrix[row * n + step] = 0;
                for (int j = 0; j < n; j++) {
                    matrix[row * n + j] -= factor * matrix[at + j];
                }
            }
        }
    }

    private void swapRows(int a, int b) {
        for (int j = 0; a != b && j < n; j++) {
            swap(a * n + j, b * n + j);
        }
    }

    private void swapColumns(int a, int b) {
        for (int i = 0; a != b && i < n; i++) {
            swap(i * n + a, i * n + b);
        }
    }

    private void swap(int i, int j) {
        double value = matrix[i];
        matrix[i] = matrix[j];
        matrix[j] = value;
    }
}

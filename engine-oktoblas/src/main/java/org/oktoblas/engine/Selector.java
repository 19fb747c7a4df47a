package org.oktoblas.engine;

import java.util.Arrays;

/**
 * Brings the k first elements of a row to its front without sorting them, by quickselect with the
 * median of three as pivot. Beam search takes its beams in the order in which they are left here,
 * so the steps are those of the C++ library under PyTorch on Linux: the same beams come out in the
 * same rows.
 */
final class Selector {

    private final double[] values;
    private final boolean largest;
    private final int[] order;

    /**
     * Makes a selector for one row.
     *
     * @param values the row
     * @param largest whether large elements, NaN first, are to come to the front, or small ones
     */
    Selector(double[] values, boolean largest) {
        this.values = values;
        this.largest = largest;
        order = new int[values.length];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
    }

    /** Returns the row's indices, the k first elements' in front. */
    int[] select(int k) {
        if (k == 0) {
            return order;
        }
        int first = 0;
        int end = order.length;
        int rounds = 2 * (31 - Integer.numberOfLeadingZeros(Math.max(1, end)));
        while (end - first > 3) {
            if (rounds-- == 0) {
                // Pivots keep falling at the ends: sort the rest before this takes its square.
                sortAll(first, end);
                return order;
            }
            int cut = partition(first, end);
            if (cut <= k - 1) {
                first = cut;
            } else {
                end = cut;
            }
        }
        sort(first, end);
        return order;
    }

    /** Splits a range at its median of three; returns where the second part starts. */
    private int partition(int first, int end) {
        medianToFront(first, first + 1, first + (end - first) / 2, end - 1);
        int pivot = first;
        int left = first + 1;
        int right = end;
        while (true) {
            while (before(left, pivot)) {
                left++;
            }
            right--;
            while (before(pivot, right)) {
                right--;
            }
            if (left >= right) {
                return left;
            }
            swap(left++, right);
        }
    }

    private void medianToFront(int front, int a, int b, int c) {
        int median;
        if (before(a, b)) {
            median = before(b, c) ? b : before(a, c) ? c : a;
        } else {
            median = before(a, c) ? a : before(b, c) ? c : b;
        }
        swap(front, median);
    }

    private void sort(int first, int end) {
        for (int i = first + 1; i < end; i++) {
            for (int j = i; j > first && before(j, j - 1); j--) {
                swap(j, j - 1);
            }
        }
    }

    private void sortAll(int first, int end) {
        Integer[] rest = new Integer[end - first];
        Arrays.setAll(rest, i -> order[first + i]);
        Arrays.sort(rest, (i, j) -> precedes(i, j) ? -1 : precedes(j, i) ? 1 : 0);
        for (int i = 0; i < rest.length; i++) {
            order[first + i] = rest[i];
        }
    }

    private boolean before(int i, int j) {
        return precedes(order[i], order[j]);
    }

    private boolean precedes(int i, int j) {
        double x = values[i];
        double y = values[j];
        if (largest) {
            return Double.isNaN(x) ? !Double.isNaN(y) : x > y;
        }
        return Double.isNaN(y) ? !Double.isNaN(x) : x < y;
    }

    private void swap(int i, int j) {
        int index = order[i];
        order[i] = order[j];
        order[j] = index;
    }
}

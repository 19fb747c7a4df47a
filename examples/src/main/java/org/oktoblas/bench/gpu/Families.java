package org.oktoblas.bench.gpu;

import java.util.function.Supplier;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.kernels.Attention;
import org.oktoblas.kernels.Elementwise;
import org.oktoblas.kernels.Gemm;
import org.oktoblas.kernels.Linear;
import org.oktoblas.kernels.Normalization;
import org.oktoblas.kernels.Reductions;
import org.oktoblas.kernels.Sorting;

/** The kernel families of a device, made when a case first needs them. */
final class Families {

    private final Supplier<Elementwise> elementwise;
    private final Supplier<Reductions> reductions;
    private final Supplier<Sorting> sorting;
    private final Supplier<Gemm> gemm;
    private final Supplier<Linear> linear;
    private final Supplier<Normalization> normalization;
    private final Supplier<Attention> attention;

    Families(CudaDevice device) {
        elementwise = once(() -> new Elementwise(device));
        reductions = once(() -> new Reductions(device));
        sorting = once(() -> new Sorting(device));
        gemm = once(() -> new Gemm(device));
        linear = once(() -> new Linear(device));
        normalization = once(() -> new Normalization(device));
        attention = once(() -> new Attention(device));
    }

    private static <T> Supplier<T> once(Supplier<T> maker) {
        return new Supplier<>() {
            private T made;

            @Override
            public T get() {
                if (made == null) {
                    made = maker.get();
                }
                return made;
            }
        };
    }

    Elementwise elementwise() {
        return elementwise.get();
    }

    Reductions reductions() {
        return reductions.get();
    }

    Sorting sorting() {
        return sorting.get();
    }

    Gemm gemm() {
        return gemm.get();
    }

    Linear linear() {
        return linear.get();
    }

    Normalization normalization() {
        return normalization.get();
    }

    Attention attention() {
        return attention.get();
    }
}

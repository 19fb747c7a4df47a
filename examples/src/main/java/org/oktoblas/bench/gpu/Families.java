package org.oktoblas.bench.gpu;

import java.util.function.Supplier;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.kernels.Elementwise;
import org.oktoblas.kernels.Reductions;
import org.oktoblas.kernels.Sorting;

/** The kernel families of a device, made when a case first needs them. */
final class Families {

    private final Supplier<Elementwise> elementwise;
    private final Supplier<Reductions> reductions;
    private final Supplier<Sorting> sorting;

    Families(CudaDevice device) {
        elementwise = once(() -> new Elementwise(device));
        reductions = once(() -> new Reductions(device));
        sorting = once(() -> new Sorting(device));
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
}

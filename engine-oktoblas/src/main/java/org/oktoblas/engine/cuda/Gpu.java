package org.oktoblas.engine.cuda;

import ai.djl.Device;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.kernels.Attention;
import org.oktoblas.kernels.Elementwise;
import org.oktoblas.kernels.Gemm;
import org.oktoblas.kernels.Indexing;
import org.oktoblas.kernels.Linear;
import org.oktoblas.kernels.Normalization;
import org.oktoblas.kernels.RandomNumbers;
import org.oktoblas.kernels.Reductions;
import org.oktoblas.kernels.Sorting;

/** What all streams of a GPU share: its kernels, each family loaded when it is first used. */
final class Gpu {

    private static final Map<Integer, Gpu> ALL = new ConcurrentHashMap<>();

    private final CudaDevice cuda;
    private final Device device;

    private final Lazy<Elementwise> elementwise;
    private final Lazy<RandomNumbers> randomNumbers;
    private final Lazy<Reductions> reductions;
    private final Lazy<Sorting> sorting;
    private final Lazy<Indexing> indexing;
    private final Lazy<Gemm> gemm;
    private final Lazy<Linear> linear;
    private final Lazy<Normalization> normalization;
    private final Lazy<Attention> attention;

    private Gpu(CudaDevice device) {
        cuda = device;
        this.device = Device.gpu(device.ordinal());
        elementwise = new Lazy<>(device, Elementwise::new);
        randomNumbers = new Lazy<>(device, RandomNumbers::new);
        reductions = new Lazy<>(device, Reductions::new);
        sorting = new Lazy<>(device, Sorting::new);
        indexing = new Lazy<>(device, Indexing::new);
        gemm = new Lazy<>(device, Gemm::new);
        linear = new Lazy<>(device, Linear::new);
        normalization = new Lazy<>(device, Normalization::new);
        attention = new Lazy<>(device, Attention::new);
    }

    static Gpu get(int ordinal) {
        return ALL.computeIfAbsent(ordinal, o -> new Gpu(CudaDevice.get(o)));
    }

    CudaDevice cuda() {
        return cuda;
    }

    Device device() {
        return device;
    }

    Elementwise elementwise() {
        return elementwise.get();
    }

    RandomNumbers randomNumbers() {
        return randomNumbers.get();
    }

    Reductions reductions() {
        return reductions.get();
    }

    Sorting sorting() {
        return sorting.get();
    }

    Indexing indexing() {
        return indexing.get();
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

    private static final class Lazy<T> {

        private final CudaDevice device;
        private final Function<CudaDevice, T> maker;
        private volatile T made;

        Lazy(CudaDevice device, Function<CudaDevice, T> maker) {
            this.device = device;
            this.maker = maker;
        }

        T get() {
            T known = made;
            return known != null ? known : make();
        }

        private synchronized T make() {
            if (made == null) {
                made = maker.apply(device);
            }
            return made;
        }
    }
}

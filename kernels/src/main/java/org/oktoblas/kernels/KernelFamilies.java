package org.oktoblas.kernels;

import java.util.function.Function;
import org.oktoblas.cuda.CudaDevice;

/** The kernels of a device by family, each loaded when it is first used. Any thread may ask. */
public final class KernelFamilies {

    private final Lazy<Elementwise> elementwise;
    private final Lazy<RandomNumbers> randomNumbers;
    private final Lazy<Reductions> reductions;
    private final Lazy<Sorting> sorting;
    private final Lazy<Indexing> indexing;
    private final Lazy<Gemm> gemm;
    private final Lazy<Linear> linear;
    private final Lazy<Normalization> normalization;
    private final Lazy<Attention> attention;
    private final Lazy<TokenChoice> tokenChoice;

    /** Makes the families of a device; none is loaded yet. */
    public KernelFamilies(CudaDevice device) {
        elementwise = new Lazy<>(device, Elementwise::new);
        randomNumbers = new Lazy<>(device, RandomNumbers::new);
        reductions = new Lazy<>(device, Reductions::new);
        sorting = new Lazy<>(device, Sorting::new);
        indexing = new Lazy<>(device, Indexing::new);
        gemm = new Lazy<>(device, Gemm::new);
        linear = new Lazy<>(device, Linear::new);
        normalization = new Lazy<>(device, Normalization::new);
        attention = new Lazy<>(device, Attention::new);
        tokenChoice = new Lazy<>(device, TokenChoice::new);
    }

    /** Returns copies, fills and functions of elements. */
    public Elementwise elementwise() {
        return elementwise.get();
    }

    /** Returns random numbers. */
    public RandomNumbers randomNumbers() {
        return randomNumbers.get();
    }

    /** Returns reductions and scans. */
    public Reductions reductions() {
        return reductions.get();
    }

    /** Returns sorting. */
    public Sorting sorting() {
        return sorting.get();
    }

    /** Returns gathering and scattering. */
    public Indexing indexing() {
        return indexing.get();
    }

    /** Returns matrix products. */
    public Gemm gemm() {
        return gemm.get();
    }

    /** Returns linear layers with packed weights. */
    public Linear linear() {
        return linear.get();
    }

    /** Returns softmax and layer norm. */
    public Normalization normalization() {
        return normalization.get();
    }

    /** Returns attention. */
    public Attention attention() {
        return attention.get();
    }

    /** Returns the choice of next tokens. */
    public TokenChoice tokenChoice() {
        return tokenChoice.get();
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

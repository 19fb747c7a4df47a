package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/**
 * Complex numbers in memory: an element of COMPLEX64 is two floats, the real part first. No device
 * knows the type; these views of the same memory are of types that all know.
 */
final class ComplexTensors {

    private static final Scalar ZERO = Scalar.of(0);

    private ComplexTensors() {}

    static boolean isComplex(Operand operand) {
        return operand instanceof Tensor && ((Tensor) operand).dataType() == DataType.COMPLEX64;
    }

    /**
     * Refuses complex numbers.
     *
     * @param what the operation, as the caller knows it
     */
    static void requireReal(Tensor tensor, String what) {
        if (isComplex(tensor)) {
            throw refusal(what);
        }
    }

    @Refuses(value = Refusal.COMPLEX, when = "the array is complex")
    static UnsupportedOperationException refusal(String what) {
        return Unavailable.because(what, Refusal.COMPLEX);
    }

    private static void requireComplex(Tensor tensor) {
        if (!isComplex(tensor)) {
            throw new IllegalStateException(
                    "Elements of data type "
                            + tensor.dataType()
                            + " came where complex numbers belong.");
        }
    }

    /** Returns the elements as INT64: to move them is to move these. */
    static Tensor bits(Tensor complex) {
        requireComplex(complex);
        return new Tensor(complex.storage(), DataType.INT64, complex.layout());
    }

    /** Returns the elements as FLOAT32, with a last axis of the real and the imaginary part. */
    static Tensor pairs(Tensor complex) {
        requireComplex(complex);
        Layout layout = complex.layout();
        int rank = layout.rank();
        long[] shape = new long[rank + 1];
        long[] strides = new long[rank + 1];
        for (int i = 0; i < rank; i++) {
            shape[i] = layout.size(i);
            strides[i] = 2 * layout.stride(i);
        }
        shape[rank] = 2;
        strides[rank] = 1;
        return new Tensor(
                complex.storage(),
                DataType.FLOAT32,
                new Layout(shape, strides, 2 * layout.offset()));
    }

    /** Returns the real parts (0) or imaginary parts (1), FLOAT32. */
    static Tensor part(Tensor complex, int which) {
        Tensor pairs = pairs(complex);
        return pairs.with(pairs.layout().select(pairs.layout().rank() - 1, which));
    }

    /** Returns a part of an operand; a number has no imaginary part. */
    static Operand part(Operand operand, int which) {
        if (operand instanceof Tensor) {
            return part((Tensor) operand, which);
        }
        return which == 0 ? operand : ZERO;
    }
}

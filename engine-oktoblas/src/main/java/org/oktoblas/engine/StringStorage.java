package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.types.DataType;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.Storage;
import org.oktoblas.engine.backend.Tensor;

/**
 * The elements of an array of strings, which are in Java and on no device: views of such an array
 * are layouts as of any other, but no backend can read or write it.
 */
final class StringStorage extends Storage {

    private final String[] values;

    private StringStorage(Device device, String[] values) {
        super(device, 0);
        this.values = values;
    }

    /**
     * Makes a tensor of strings, which are copied.
     *
     * @throws IllegalArgumentException if the shape has another number of elements
     */
    static Tensor tensor(Device device, String[] values, Layout layout) {
        if (values.length != layout.count()) {
            throw new IllegalArgumentException(
                    "An NDArray with "
                            + layout
                            + " needs "
                            + layout.count()
                            + " strings, not "
                            + values.length
                            + ".");
        }
        return new Tensor(new StringStorage(device, values.clone()), DataType.STRING, layout);
    }

    @Refuses(value = Refusal.STRINGS, when = "the array is one of strings")
    static UnsupportedOperationException refusal() {
        return Unavailable.because("An operation on numbers", Refusal.STRINGS);
    }

    /** Returns a tensor's elements in row-major order. */
    static String[] read(Tensor tensor) {
        Layout layout = tensor.layout();
        String[] source = ((StringStorage) tensor.storage()).values;
        String[] result = new String[Math.toIntExact(layout.count())];
        long[] index = new long[layout.rank()];
        for (int i = 0; i < result.length; i++) {
            long at = layout.offset();
            for (int axis = 0; axis < index.length; axis++) {
                at += index[axis] * layout.stride(axis);
            }
            result[i] = source[(int) at];
            for (int axis = index.length - 1; axis >= 0; axis--) {
                if (++index[axis] < layout.size(axis)) {
                    break;
                }
                index[axis] = 0;
            }
        }
        return result;
    }

    /** There is nothing to free but what Java frees. */
    @Override
    protected void free() {}
}

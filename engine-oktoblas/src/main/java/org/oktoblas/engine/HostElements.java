package org.oktoblas.engine;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.Arrays;
import org.oktoblas.engine.backend.Tensor;

/** Brings tensors' elements to Java and back, where one thing must be chosen after another. */
final class HostElements {

    private HostElements() {}

    /** Returns the row-major positions of all elements that are not zero. */
    static long[] positions(Operation operation, Tensor tensor) {
        ByteBuffer bytes = ByteBuffer.allocate(size(tensor, 1));
        Tensor mask = operation.dense(operation.cast(tensor, DataType.BOOLEAN));
        operation.backend.read(mask.storage(), mask.layout().offset(), bytes);
        byte[] flags = bytes.array();
        int count = 0;
        for (byte flag : flags) {
            count += (flag | -flag) >>> 31;
        }
        // Without branches, which could not be foretold: the next find overwrites what was none.
        long[] found = new long[count + 1];
        int next = 0;
        for (int i = 0; i < flags.length; i++) {
            found[next] = i;
            next += (flags[i] | -flags[i]) >>> 31;
        }
        return Arrays.copyOf(found, count);
    }

    /** Returns an INT64 tensor's elements. */
    static long[] longs(Operation operation, Tensor tensor) {
        long[] values = new long[size(tensor, Long.BYTES) / Long.BYTES];
        bytes(operation, tensor).asLongBuffer().get(values);
        return values;
    }

    /** Returns a tensor's elements as doubles; complex numbers are refused. */
    static double[] doubles(Operation operation, Tensor tensor) {
        ComplexTensors.requireReal(tensor, "This operation");
        double[] values = new double[size(tensor, Double.BYTES) / Double.BYTES];
        Tensor wide = operation.cast(tensor, DataType.FLOAT64);
        bytes(operation, wide).asDoubleBuffer().get(values);
        return values;
    }

    /** Returns how many bytes a tensor's elements take in Java, if a Java array holds so many. */
    private static int size(Tensor tensor, int width) {
        long bytes = Math.multiplyExact(tensor.layout().count(), (long) width);
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new IllegalStateException(
                    "This operation works on elements in Java, and those of an NDArray of shape "
                            + Arrays.toString(tensor.layout().shape())
                            + " would take "
                            + bytes
                            + " bytes, more than a Java array holds: apply it to parts.");
        }
        return (int) bytes;
    }

    private static ByteBuffer bytes(Operation operation, Tensor tensor) {
        Tensor dense = operation.dense(tensor);
        int width = Types.bytes(dense.dataType());
        ByteBuffer bytes = ByteBuffer.allocate(size(dense, width)).order(ByteOrder.nativeOrder());
        operation.backend.read(dense.storage(), dense.layout().offset() * width, bytes);
        return bytes.rewind();
    }

    /** Returns a new INT64 tensor with one axis. */
    static Tensor tensor(Operation operation, long[] values) {
        Tensor tensor = operation.create(new long[] {values.length}, DataType.INT64);
        Buffers.write(LongBuffer.wrap(values), operation.backend, tensor, 0);
        return tensor;
    }
}

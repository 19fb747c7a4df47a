package org.oktoblas.bench.gpu;

import ai.djl.util.Float16Utils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceMemory;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/**
 * Random numbers in device memory that the host knows without reading them back: a million normal
 * numbers over and over, from a place that differs from array to array. A million is no multiple of
 * a power of two over 64, so that the rows of a matrix differ too.
 */
final class RandomData implements AutoCloseable {

    /** After so many elements the numbers begin anew. */
    static final int PERIOD = 1_000_000;

    /** Arrays begin at multiples of this many elements, which keeps copies aligned. */
    private static final int STEP = 64;

    private final CudaStream stream;
    private final SplittableRandom random = new SplittableRandom(42);
    private final double[] normal = normal(random);
    private final Map<ElementType, double[]> values = new EnumMap<>(ElementType.class);
    private final Map<ElementType, DeviceMemory> sources = new EnumMap<>(ElementType.class);

    RandomData(CudaStream stream) {
        this.stream = stream;
    }

    /**
     * An array and what is in it.
     *
     * @param tensor the array, dense
     * @param values the numbers, over and over
     * @param start which of them is the array's first element
     */
    record Input(DeviceTensor tensor, double[] values, int start) {

        /** Returns an element by its place in row-major order. */
        double at(long index) {
            return values[(int) ((start + index) % PERIOD)];
        }
    }

    /** Fills a dense tensor with random numbers; a BOOL one with heads and tails. */
    Input fill(DeviceTensor tensor) {
        double[] known = values.computeIfAbsent(tensor.type(), this::values);
        DeviceMemory source = sources.computeIfAbsent(tensor.type(), this::upload);
        int start = random.nextInt(PERIOD / STEP) * STEP;
        int size = tensor.type().bytes();
        long count = tensor.count();
        long done = Math.min(count, PERIOD);
        stream.copy(source.address() + (long) start * size, tensor.address(), done * size);
        while (done < count) {
            long next = Math.min(done, count - done);
            stream.copy(tensor.address(), tensor.address() + done * size, next * size);
            done += next;
        }
        return new Input(tensor, known, start);
    }

    /** Two periods, so that one can be copied from any start. */
    private DeviceMemory upload(ElementType type) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(2 * PERIOD * type.bytes());
        bytes.order(ByteOrder.nativeOrder());
        double[] known = values.get(type);
        for (int i = 0; i < 2 * PERIOD; i++) {
            put(bytes, type, known[i % PERIOD]);
        }
        DeviceMemory memory = stream.allocate(bytes.capacity());
        stream.upload(bytes.flip(), memory.address());
        return memory;
    }

    private double[] values(ElementType type) {
        ByteBuffer one = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder());
        double[] rounded = new double[PERIOD];
        for (int i = 0; i < PERIOD; i++) {
            put(one.clear(), type, normal[i]);
            rounded[i] = get(one, 0, type);
        }
        return rounded;
    }

    private static void put(ByteBuffer bytes, ElementType type, double value) {
        switch (type) {
            case F32 -> bytes.putFloat((float) value);
            case F16 -> bytes.putShort(Float16Utils.floatToHalf((float) value));
            case BF16 ->
                    bytes.putShort(
                            (short) (Float.floatToRawIntBits((float) value) + 0x8000 >>> 16));
            case BOOL -> bytes.put((byte) (value > 0 ? 1 : 0));
            default -> throw new IllegalArgumentException("no random numbers of type " + type);
        }
    }

    /** Decodes an element of any type that benchmarks read. */
    static double get(ByteBuffer bytes, int index, ElementType type) {
        int at = index * type.bytes();
        return switch (type) {
            case F32 -> bytes.getFloat(at);
            case F16 -> Float16Utils.halfToFloat(bytes.getShort(at));
            case BF16 -> Float.intBitsToFloat(bytes.getShort(at) << 16);
            case I64 -> bytes.getLong(at);
            case BOOL -> bytes.get(at);
            default -> throw new IllegalArgumentException("no benchmark reads type " + type);
        };
    }

    /** Normal numbers with mean 0, so that sums of millions of them stay small. */
    private static double[] normal(RandomGenerator random) {
        double[] numbers = new double[PERIOD];
        double sum = 0;
        for (int i = 0; i < PERIOD; i++) {
            numbers[i] = random.nextGaussian();
            sum += numbers[i];
        }
        for (int i = 0; i < PERIOD; i++) {
            numbers[i] -= sum / PERIOD;
        }
        return numbers;
    }

    @Override
    public void close() {
        sources.values().forEach(DeviceMemory::free);
        sources.clear();
    }
}

package org.oktoblas.bench.gpu;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.oktoblas.bench.gpu.RandomData.Input;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.DeviceMemory;
import org.oktoblas.cuda.DeviceTensor;
import org.oktoblas.cuda.ElementType;

/** The device memory of one case. */
final class Arena implements AutoCloseable {

    private final CudaStream stream;
    private final RandomData data;
    private final int sets;
    private final List<DeviceTensor> outputs = new ArrayList<>();
    private final Deque<Runnable> releases = new ArrayDeque<>();

    Arena(CudaStream stream, RandomData data, int sets) {
        this.stream = stream;
        this.data = data;
        this.sets = sets;
    }

    CudaStream stream() {
        return stream;
    }

    /** Returns a new array of random numbers. */
    Input input(ElementType type, long... shape) {
        return data.fill(allocate(type, shape));
    }

    /** Returns a new array for results. */
    DeviceTensor output(ElementType type, long... shape) {
        DeviceTensor tensor = allocate(type, shape);
        outputs.add(tensor);
        return tensor;
    }

    /** Sets all bits of the results: NaN, -1, or no truth value. */
    void poison() {
        for (DeviceTensor tensor : outputs) {
            stream.fill(tensor.address(), 0xFF, tensor.count() * tensor.type().bytes());
        }
    }

    /** Makes as many sets of inputs as the case rotates through. */
    List<List<Input>> sets(Supplier<List<Input>> one) {
        return Stream.generate(one).limit(sets).toList();
    }

    /** Gives something else back when the case is done. */
    void onClose(Runnable release) {
        releases.push(release);
    }

    private DeviceTensor allocate(ElementType type, long... shape) {
        DeviceTensor tensor = DeviceTensor.dense(0, type, shape);
        DeviceMemory memory = stream.allocate(tensor.count() * type.bytes());
        releases.push(memory::free);
        return DeviceTensor.dense(memory.address(), type, shape);
    }

    /** Gives everything back, what came last first. */
    @Override
    public void close() {
        releases.forEach(Runnable::run);
        releases.clear();
    }
}

package org.oktoblas.engine.backend;

import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;

/** What laws of large tensors share: the backend, and tensors that are freed after each test. */
abstract class LargeLaws {

    final Backend backend = backend();

    private final List<Tensor> owned = new ArrayList<>();

    /** Returns what is held to these laws. */
    protected abstract Backend backend();

    static Stream<DataType> types() {
        return Stream.of(TestTensors.ALL);
    }

    @AfterEach
    void release() {
        owned.forEach(tensor -> tensor.storage().release());
        owned.clear();
    }

    /** Frees a tensor after the test. */
    final Tensor own(Tensor tensor) {
        owned.add(tensor);
        return tensor;
    }

    /** A contiguous tensor, freed after the test. */
    final Tensor of(DataType type, IntToDoubleFunction values, long... shape) {
        return own(TestTensors.of(backend, type, values, shape));
    }
}

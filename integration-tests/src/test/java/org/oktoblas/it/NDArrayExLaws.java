package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What DJL itself builds of an engine's operations gives what it gives on PyTorch's engine. */
abstract class NDArrayExLaws extends EngineParity {

    private final Target ours;

    NDArrayExLaws(Target ours) {
        super(ours);
        this.ours = ours;
    }

    @TestFactory
    List<DynamicTest> reversedArithmetic() {
        Map<String, BiFunction<NDArrayEx, NDArray, NDArray>> arrays = new LinkedHashMap<>();
        arrays.put("rdiv", NDArrayEx::rdiv);
        arrays.put("rsub", NDArrayEx::rsub);
        arrays.put("rmod", NDArrayEx::rmod);
        Map<String, BiFunction<NDArrayEx, Number, NDArray>> numbers = new LinkedHashMap<>();
        numbers.put("rdiv", NDArrayEx::rdiv);
        numbers.put("rsub", NDArrayEx::rsub);
        numbers.put("rmod", NDArrayEx::rmod);
        numbers.put("rpow", NDArrayEx::rpow);
        for (DataType type : TYPES) {
            if (type == DataType.BOOLEAN) {
                continue;
            }
            arrays.forEach((name, op) -> both(name + " of " + type, type, op));
            numbers.forEach(
                    (name, op) ->
                            test(
                                    name + " number of " + type,
                                    m -> op.apply(ex(positive(m, type, 3, 4)), 3)));
        }
        test("rsubi", m -> inPlace(m, a -> ex(a).rsubi(positive(m, DataType.FLOAT32, 4))));
        test("rsubi number", m -> inPlace(m, a -> ex(a).rsubi(2.5f)));
        test("swish", m -> ex(floats(m, 3, 4)).swish(0.7f));
        test("mish", m -> ex(floats(m, 3, 4)).mish());
        test("stack", m -> ex(floats(m, 3, 4)).stack(new NDList(floats(m, 3, 4))));
        test("concat", m -> ex(floats(m, 3, 4)).concat(new NDList(floats(m, 2, 4))));
        test("NDArrays.div", m -> NDArrays.div(3, floats(m, 3, 4)));
        test("NDArrays.sub", m -> NDArrays.sub(3, floats(m, 3, 4)));
        test("NDArrays.pow", m -> NDArrays.pow(3, floats(m, 3, 4)));
        test("NDArrays.mod", m -> NDArrays.mod(3, positive(m, DataType.FLOAT32, 3, 4)));
        return tests;
    }

    /** What a result is computed by is closed, not left to the manager until it closes. */
    @Test
    void onlyTheResultIsLeft() {
        Map<String, Function<NDArrayEx, NDArray>> operations = new LinkedHashMap<>();
        operations.put("rdiv", x -> x.rdiv(2));
        operations.put("rsub", x -> x.rsub(2));
        operations.put("rmod", x -> x.rmod(2));
        operations.put("rpow", x -> x.rpow(2));
        operations.put("rdivi", x -> x.rdivi(2));
        operations.put("rmodi", x -> x.rmodi(2));
        operations.put("rpowi", x -> x.rpowi(2));
        operations.put("swish", x -> x.swish(2));
        operations.put("mish", NDArrayEx::mish);
        operations.put("softPlus", NDArrayEx::softPlus);
        operations.put("softSign", NDArrayEx::softSign);
        operations.put("selu", NDArrayEx::selu);
        operations.put("leakyRelu", x -> x.leakyRelu(0.1f));
        operations.forEach(
                (name, operation) -> {
                    try (NDManager manager = ours.newManager()) {
                        NDArray x = manager.create(new float[] {1, 2});
                        NDArray result = operation.apply(ex(x));
                        int expected = result == x ? 1 : 2;
                        assertEquals(expected, manager.getManagedArrays().size(), name);
                    }
                });
    }

    private void both(String name, DataType type, BiFunction<NDArrayEx, NDArray, NDArray> op) {
        test(name, m -> op.apply(ex(positive(m, type, 3, 4)), positive(m, type, 4)));
    }

    private static NDArrayEx ex(NDArray array) {
        return array.getNDArrayInternal();
    }

    private static NDArray positive(NDManager manager, DataType type, long... shape) {
        return integers(manager, 5, shape).add(1).toType(type, false);
    }

    private static NDArray inPlace(NDManager manager, Function<NDArray, NDArray> op) {
        NDArray array = positive(manager, DataType.FLOAT32, 3, 4);
        op.apply(array);
        return array;
    }

    /** PyTorch's engine has none of these in place. */
    @Test
    void reversedInPlace() {
        try (NDManager m = ours.newManager()) {
            NDArray by = positive(m, DataType.FLOAT32, 4);
            same(m, a -> a.rdiv(by), a -> a.rdivi(by));
            same(m, a -> a.rdiv(2.5f), a -> a.rdivi(2.5f));
            same(m, a -> a.rmod(by), a -> a.rmodi(by));
            same(m, a -> a.rmod(2.5f), a -> a.rmodi(2.5f));
            same(m, a -> a.rpow(3), a -> a.rpowi(3));
        }
    }

    private static void same(
            NDManager manager,
            Function<NDArrayEx, NDArray> operation,
            Function<NDArrayEx, NDArray> inPlace) {
        NDArray array = positive(manager, DataType.FLOAT32, 3, 4);
        NDArray expected = operation.apply(ex(array));
        assertSame(array, inPlace.apply(ex(array)));
        assertEquals(expected, array);
    }
}

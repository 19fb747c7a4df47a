package org.oktoblas.it;

import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.types.DataType;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Data types meet as they do in PyTorch. */
abstract class NDArrayTypeParityLaws extends EngineParity {

    NDArrayTypeParityLaws(Target ours) {
        super(ours);
    }

    @TestFactory
    List<DynamicTest> types() {
        for (DataType a : TYPES) {
            for (DataType b : TYPES) {
                boolean int16 =
                        a == DataType.INT8 && b == DataType.UINT8
                                || a == DataType.UINT8 && b == DataType.INT8;
                if (int16) {
                    continue; // PyTorch answers INT16, which is no type of OktoBLAS.
                }
                test("add " + a + " " + b, m -> typed(m, a, 2, 3).add(typed(m, b, 3)));
                test("mul " + a + " scalar " + b, m -> typed(m, a, 2, 3).mul(typed(m, b)));
                test("mul scalars " + a + " " + b, m -> typed(m, a).mul(typed(m, b)));
                test(
                        "div " + a + " " + b,
                        m -> typed(m, a, 2, 3).div(typed(m, b, 3).add(typed(m, b).onesLike())));
                test("maximum " + a + " " + b, m -> typed(m, a, 2, 3).maximum(typed(m, b, 3)));
                test("gt " + a + " " + b, m -> typed(m, a, 2, 3).gt(typed(m, b, 3)));
                test(
                        "where " + a + " " + b,
                        m ->
                                NDArrays.where(
                                        floats(m, 2, 3).gt(0),
                                        typed(m, a, 2, 3),
                                        typed(m, b, 2, 3)));
                if (a != DataType.BOOLEAN && b != DataType.BOOLEAN) {
                    test("sub " + a + " " + b, m -> typed(m, a, 2, 3).sub(typed(m, b, 3)));
                }
            }
            if (a == DataType.BOOLEAN) {
                test("add number to boolean", m -> typed(m, a, 2).add(2));
                continue;
            }
            Number[] numbers = {2, 3L, 1.5f, 2.5, (byte) 3};
            for (Number n : numbers) {
                String name = a + " " + n.getClass().getSimpleName();
                boolean int16 = n instanceof Byte && a == DataType.UINT8;
                test("add " + name, m -> typed(m, a, 2, 3).add(n));
                test("div " + name, m -> typed(m, a, 2, 3).div(n));
                test("mod " + name, m -> typed(m, a, 2, 3).mod(n));
                test("gte " + name, m -> typed(m, a, 2, 3).gte(n));
                if (!int16) {
                    test("add to scalar " + name, m -> typed(m, a).add(n));
                }
                test("clip " + name, m -> typed(m, a, 2, 3).clip(n, 4));
                if (a.isFloating() || n instanceof Integer) {
                    test("addi " + name, m -> typed(m, a, 2, 3).addi(n));
                    test("subi " + name, m -> typed(m, a, 2, 3).subi(n));
                    test("muli " + name, m -> typed(m, a, 2, 3).muli(n));
                    test("maximum " + name, m -> typed(m, a, 2, 3).maximum(n));
                    test("pow " + name, m -> typed(m, a, 2, 3).pow(n));
                }
            }
            test("sum " + a, m -> typed(m, a, 2, 3).sum());
            test("sum axis " + a, m -> typed(m, a, 2, 3).sum(new int[] {1}));
            test("prod " + a, m -> typed(m, a, 2, 3).prod());
            test("max " + a, m -> typed(m, a, 2, 3).max());
            test("min axis " + a, m -> typed(m, a, 2, 3).min(new int[] {0}, true));
            test("argMax " + a, m -> typed(m, a, 2, 3).argMax(1));
            test("cumSum " + a, m -> typed(m, a, 2, 3).cumSum(1));
            test("cumProd " + a, m -> typed(m, a, 2, 3).cumProd(0));
            test("sort " + a, m -> typed(m, a, 2, 30).sort(1));
            test("neg " + a, m -> typed(m, a, 2, 3).neg());
            test("abs " + a, m -> typed(m, a, 2, 3).neg().abs());
            test("sign " + a, m -> typed(m, a, 2, 3).sign());
            test("square " + a, m -> typed(m, a, 2, 3).square());
            test("exp " + a, m -> typed(m, a, 2, 3).exp());
            test("sqrt " + a, m -> typed(m, a, 2, 3).sqrt());
            test("sigmoid " + a, m -> typed(m, a, 2, 3).getNDArrayInternal().sigmoid());
            test("isNaN " + a, m -> typed(m, a, 2, 3).isNaN());
            test("flip " + a, m -> typed(m, a, 2, 3).flip(0, 1));
            test("concat " + a, m -> typed(m, a, 2, 3).concat(typed(m, a, 4, 3)));
            test("repeat " + a, m -> typed(m, a, 2, 3).repeat(1, 2));
            test("logicalNot " + a, m -> typed(m, a, 2, 3).logicalNot());
            test("logicalAnd " + a, m -> typed(m, a, 2, 3).logicalAnd(typed(m, a, 3)));
            test("all " + a, m -> typed(m, a, 2, 3).all());
            test("any " + a, m -> typed(m, a, 2, 3).any());
            test("countNonzero " + a, m -> typed(m, a, 2, 3).countNonzero());
            test("one hot " + a, m -> typed(m, a, 2, 3).oneHot(6));
        }
        test(
                "mod negative ints",
                m -> m.create(new long[] {-7, 7, -7, 7}).mod(m.create(new long[] {3, -3, -3, 3})));
        test("mod negative floats", m -> floats(m, 5, 5).mod(m.create(-0.7f)));
        test("atan2 ints", m -> integers(m, 5, 4).atan2(integers(m, 7, 4)));
        return tests;
    }

    @TestFactory
    List<DynamicTest> text() {
        for (DataType type : TYPES) {
            texts("text of " + type, m -> typed(m, type, 2, 3).toString());
        }
        texts("text of floats", m -> floats(m, 2, 3).mul(1000).toString());
        texts("text of a scalar", m -> m.create(1.5f).toString());
        texts("text of none", m -> m.create(new float[0]).toString());
        texts("text of many", m -> floats(m, 30, 40).toString());
        texts("text without content", m -> floats(m, 3, 4).toDebugString(false));
        return tests;
    }
}

package org.oktoblas.it.differential;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.oktoblas.it.differential.Operation.Call;

/** Elements go in and out, and to other types, unharmed. */
final class TransferOperations {

    private TransferOperations() {}

    private interface Read {
        Object of(NDArray array);
    }

    static List<Operation> all() {
        List<Operation> list = new ArrayList<>();
        for (DataType type : Draw.ALL) {
            list.add(toType(type));
        }
        list.add(
                Operation.of(
                                "NDArray.toType(DataType, boolean) of what has no place in a type",
                                Tolerance.EXACT,
                                draw -> {
                                    draw.array(Draw.NUMBERS, Values.SPECIAL);
                                    DataType type = draw.note("type", draw.of(Draw.ALL));
                                    return Call.of((m, x) -> x[0].toType(type, true))
                                            .reference(x -> x[0]);
                                })
                        .known(
                                "C++ leaves open what NaN, infinities and floats beyond the range"
                                        + " become as integers; here NaN becomes 0, the others the"
                                        + " nearest INT64, and a smaller type keeps the lowest"
                                        + " bits",
                                c -> c.operand(0).type().isFloating()));
        list.add(read("toByteBuffer()", Draw.ALL, a -> Results.Content.of(a).bytes()));
        list.add(read("toFloatArray()", new DataType[] {DataType.FLOAT32}, NDArray::toFloatArray));
        list.add(read("toFloatArray() of 16 bits", halves(), NDArray::toFloatArray));
        list.add(
                read("toDoubleArray()", new DataType[] {DataType.FLOAT64}, NDArray::toDoubleArray));
        list.add(read("toIntArray()", new DataType[] {DataType.INT32}, NDArray::toIntArray));
        list.add(read("toLongArray()", new DataType[] {DataType.INT64}, NDArray::toLongArray));
        list.add(read("toUint8Array()", new DataType[] {DataType.UINT8}, NDArray::toUint8Array));
        list.add(read("toBooleanArray()", Draw.BOOLEAN, NDArray::toBooleanArray));
        list.add(read("toByteArray()", Draw.ALL, NDArray::toByteArray));
        list.add(read("toArray()", Draw.ALL, NDArray::toArray));
        list.add(read("toShortArray()", Draw.ALL, NDArray::toShortArray));
        list.add(read("toUnsignedShortArray()", Draw.ALL, NDArray::toUnsignedShortArray));
        list.add(read("toUnsignedIntArray()", Draw.ALL, NDArray::toUnsignedIntArray));
        list.add(read("getAsBytes()", Draw.ALL, NDArray::getAsBytes));
        list.add(read("toDevice(Device, boolean)", Draw.ALL, a -> a.toDevice(a.getDevice(), true)));
        list.add(
                read(
                        "toDebugString(boolean)",
                        Draw.ALL,
                        // The device is another one, and does not matter here.
                        a -> a.toDebugString(true).replace(a.getDevice() + " ", "")));
        list.add(read("isEmpty()", Draw.ALL, NDArray::isEmpty));
        list.add(read("size()", Draw.ALL, NDArray::size));
        list.add(read("duplicate()", Draw.ALL, NDArray::duplicate));
        list.add(read("toDense()", Draw.ALL, NDArray::toDense));
        list.add(read("stopGradient()", Draw.ALL, NDArray::stopGradient));
        list.add(read("zerosLike()", Draw.ALL, NDArray::zerosLike));
        list.add(read("onesLike()", Draw.ALL, NDArray::onesLike));
        list.add(read("like()", Draw.ALL, a -> a.like().mul(0).isNaN().logicalNot().getShape()));
        list.add(
                Operation.of(
                        "NDManager.decode(NDArray.encode())",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, draw.values());
                            return Call.of((m, x) -> m.decode(x[0].encode()));
                        }));
        list.add(
                Operation.of(
                        "NDList.decode(NDList.encode())",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, draw.values());
                            draw.array(Draw.ALL, draw.values());
                            return Call.of(TransferOperations::decoded);
                        }));
        list.add(
                Operation.of(
                        "NDArray.decode(NDManager, byte[])",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, draw.values());
                            return Call.of((m, x) -> NDArray.decode(m, x[0].encode()));
                        }));
        list.add(
                Operation.of(
                        "NDList.decode(NDList.encode(NPZ))",
                        Tolerance.EXACT,
                        draw -> {
                            draw.array(Draw.ALL, draw.values());
                            draw.array(Draw.ALL, draw.values());
                            return Call.of(
                                    (m, x) ->
                                            NDList.decode(
                                                    m, new NDList(x).encode(NDList.Encoding.NPZ)));
                        }));
        list.add(element("getScalar(long...)", DataType.FLOAT32, NDArray::getScalar));
        list.add(element("getFloat(long...)", DataType.FLOAT32, NDArray::getFloat));
        list.add(element("getDouble(long...)", DataType.FLOAT64, NDArray::getDouble));
        list.add(element("getInt(long...)", DataType.INT32, NDArray::getInt));
        list.add(element("getLong(long...)", DataType.INT64, NDArray::getLong));
        list.add(element("getByte(long...)", DataType.INT8, NDArray::getByte));
        list.add(element("getUint8(long...)", DataType.UINT8, NDArray::getUint8));
        list.add(element("getBoolean(long...)", DataType.BOOLEAN, NDArray::getBoolean));
        list.add(copyTo());
        list.add(set());
        return list;
    }

    private static DataType[] halves() {
        return new DataType[] {DataType.FLOAT16};
    }

    private static Object decoded(NDManager manager, NDArray[] x) {
        return NDList.decode(manager, new NDList(x).encode());
    }

    /** Floats are cut off towards zero; those that an integer type cannot hold are told apart. */
    private static Operation toType(DataType type) {
        return Operation.of(
                        "NDArray.toType(" + type + ", boolean)",
                        // A FLOAT64 goes to FLOAT16 in one step or by way of FLOAT32.
                        Tolerance.ROUNDED,
                        draw -> {
                            boolean integers = type.isInteger();
                            draw.array(Draw.ALL, integers ? Values.REAL : draw.values());
                            boolean copy = draw.flag("copy");
                            return Call.of((m, x) -> x[0].toType(type, copy)).reference(x -> x[0]);
                        })
                .known(
                        "C++ leaves open what negative floats become as unsigned integers; here"
                                + " they keep the lowest bits, as integers do",
                        c -> type == DataType.UINT8 && c.operand(0).type().isFloating());
    }

    private static Operation read(String name, DataType[] types, Read read) {
        return Operation.of(
                "NDArray." + name,
                Tolerance.EXACT,
                draw -> {
                    draw.array(types, draw.values());
                    return Call.of((m, x) -> read.of(x[0]));
                });
    }

    private interface Element {
        Object of(NDArray array, long... indices);
    }

    private static Operation element(String name, DataType type, Element element) {
        return Operation.of(
                "NDArray." + name,
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(new DataType[] {type}, draw.values());
                    long[] at = new long[a.rank()];
                    for (int i = 0; i < at.length; i++) {
                        int n = (int) a.shape().get(i);
                        at[i] = draw.below(2 * n + 1) - n;
                    }
                    draw.note("at", Arrays.toString(at));
                    return Call.of((m, x) -> element.of(x[0], at));
                });
    }

    private static NDArray overwritten(NDArray array, NDArray by) {
        array.set(new NDIndex("..."), by);
        return array;
    }

    private static Operation copyTo() {
        return Operation.of(
                "NDArray.copyTo(NDArray)",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    draw.add(a.type(), Values.REAL, a.shape().getShape());
                    return Call.of(
                                    (m, x) -> {
                                        x[0].copyTo(x[1]);
                                        return x[1];
                                    })
                            // PyTorch's engine gives the target memory of its own, and leaves what
                            // it is a view of as it was.
                            .instead((m, x) -> overwritten(x[1], x[0]));
                });
    }

    private static Operation set() {
        return Operation.of(
                "NDArray.set(Buffer)",
                Tolerance.EXACT,
                draw -> {
                    Operand a = draw.array(Draw.ALL, draw.values());
                    int count = (int) a.shape().size();
                    return Call.of(
                                    (m, x) -> {
                                        x[0].set(Values.REAL.bytes(1, a.type(), count));
                                        return x[0];
                                    })
                            .instead(
                                    (m, x) ->
                                            overwritten(
                                                    x[0],
                                                    m.create(
                                                            Values.REAL.bytes(1, a.type(), count),
                                                            a.shape(),
                                                            a.type())));
                });
    }
}

package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import java.nio.Buffer;

/** The ways of DJL to make arrays that this version of the engine does not offer. */
abstract class ManagerUnavailable extends BaseNDManager {

    ManagerUnavailable(NDManager parent, Device device) {
        super(parent, device);
    }

    /** Always refuses: this engine has dense arrays alone. */
    @Override
    public NDArray createCSR(Buffer data, long[] indptr, long[] indices, Shape shape) {
        throw dense("createCSR");
    }

    /** Always refuses: this engine has dense arrays alone. */
    @Override
    public NDArray createRowSparse(Buffer data, Shape dataShape, long[] indices, Shape shape) {
        throw dense("createRowSparse");
    }

    /** Always refuses: this engine has dense arrays alone. */
    @Override
    public NDArray createCoo(Buffer data, long[][] indices, Shape shape) {
        throw dense("createCoo");
    }

    private static UnsupportedOperationException dense(String operation) {
        return new UnsupportedOperationException(
                "NDManager."
                        + operation
                        + " makes a sparse array, and engine "
                        + OktoEngine.ENGINE_NAME
                        + " has dense ones alone: make the array by zeros(shape) and set the"
                        + " elements that are not zero, or by create from all of them.");
    }

    /** Always refuses: this engine's operations are DJL's methods, none is called by a name. */
    @Override
    public void invoke(
            String operation, NDArray[] src, NDArray[] dest, PairList<String, ?> params) {
        throw nameless(operation);
    }

    /** Always refuses: this engine's operations are DJL's methods, none is called by a name. */
    @Override
    public NDList invoke(String operation, NDList src, PairList<String, ?> params) {
        throw nameless(operation);
    }

    private static UnsupportedOperationException nameless(String operation) {
        return new UnsupportedOperationException(
                "NDManager.invoke cannot run \""
                        + operation
                        + "\": engine "
                        + OktoEngine.ENGINE_NAME
                        + " has no operations that are called by a name, only NDArray's and"
                        + " NDManager's methods.");
    }
}

package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import java.nio.Buffer;

/** The ways of DJL to make arrays that this engine does not offer. */
abstract class ManagerUnavailable extends BaseNDManager {

    ManagerUnavailable(NDManager parent, Device device) {
        super(parent, device);
    }

    /** Always refuses: this engine has dense arrays alone. */
    @Override
    @Refuses(Refusal.SPARSE)
    public NDArray createCSR(Buffer data, long[] indptr, long[] indices, Shape shape) {
        throw Unavailable.because("NDManager.createCSR", Refusal.SPARSE);
    }

    /** Always refuses: this engine has dense arrays alone. */
    @Override
    @Refuses(Refusal.SPARSE)
    public NDArray createRowSparse(Buffer data, Shape dataShape, long[] indices, Shape shape) {
        throw Unavailable.because("NDManager.createRowSparse", Refusal.SPARSE);
    }

    /** Always refuses: this engine has dense arrays alone. */
    @Override
    @Refuses(Refusal.SPARSE)
    public NDArray createCoo(Buffer data, long[][] indices, Shape shape) {
        throw Unavailable.because("NDManager.createCoo", Refusal.SPARSE);
    }

    /** Always refuses: this engine's operations are DJL's methods, none is called by a name. */
    @Override
    @Refuses(Refusal.NAMED_OPERATIONS)
    public void invoke(
            String operation, NDArray[] src, NDArray[] dest, PairList<String, ?> params) {
        throw Unavailable.because("NDManager.invoke of " + operation, Refusal.NAMED_OPERATIONS);
    }

    /** Always refuses: this engine's operations are DJL's methods, none is called by a name. */
    @Override
    @Refuses(Refusal.NAMED_OPERATIONS)
    public NDList invoke(String operation, NDList src, PairList<String, ?> params) {
        throw Unavailable.because("NDManager.invoke of " + operation, Refusal.NAMED_OPERATIONS);
    }
}

package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.SparseFormat;
import org.oktoblas.engine.backend.Tensor;

/** The operations of DJL that this version of the engine does not offer. */
abstract class ArrayUnavailable extends ArrayProducts {

    ArrayUnavailable(OktoNDManager manager, Tensor tensor) {
        super(manager, tensor);
    }

    @Override
    public OktoNDArray toDense() {
        return duplicate();
    }

    @Override
    public NDArray toSparse(SparseFormat fmt) {
        throw Unavailable.operation("NDArray.toSparse");
    }

    @Override
    public NDArray sequenceMask(NDArray sequenceLength, float value) {
        throw Unavailable.operation("NDArray.sequenceMask");
    }

    @Override
    public NDArray sequenceMask(NDArray sequenceLength) {
        throw Unavailable.operation("NDArray.sequenceMask");
    }

    @Override
    public NDArray xlogy(NDArray other) {
        throw Unavailable.operation("NDArray.xlogy");
    }

    @Override
    public NDArray gammaln() {
        throw Unavailable.operation("NDArray.gammaln");
    }

    @Override
    public NDArray rotate90(int times, int[] axes) {
        throw Unavailable.operation("NDArray.rotate90");
    }

    @Override
    public NDArray trace(int offset, int axis1, int axis2) {
        throw Unavailable.operation("NDArray.trace");
    }

    @Override
    public NDArray fft(long length, long axis) {
        throw Unavailable.operation("NDArray.fft");
    }

    @Override
    public NDArray ifft(long length, long axis) {
        throw Unavailable.operation("NDArray.ifft");
    }

    @Override
    public NDArray rfft(long length, long axis) {
        throw Unavailable.operation("NDArray.rfft");
    }

    @Override
    public NDArray irfft(long length, long axis) {
        throw Unavailable.operation("NDArray.irfft");
    }

    @Override
    public NDArray stft(
            long nFft,
            long hopLength,
            boolean center,
            NDArray window,
            boolean normalize,
            boolean returnComplex) {
        throw Unavailable.operation("NDArray.stft");
    }

    @Override
    public NDArray fft2(long[] sizes, long[] axes) {
        throw Unavailable.operation("NDArray.fft2");
    }

    @Override
    public NDArray ifft2(long[] sizes, long[] axes) {
        throw Unavailable.operation("NDArray.ifft2");
    }

    @Override
    public NDList unique(Integer dim, boolean sorted, boolean returnInverse, boolean returnCounts) {
        throw Unavailable.operation("NDArray.unique");
    }

    @Override
    public NDArray diagonal() {
        throw Unavailable.operation("NDArray.diagonal");
    }

    @Override
    public NDArray diagonal(int offset) {
        throw Unavailable.operation("NDArray.diagonal");
    }

    @Override
    public NDArray diagonal(int offset, int axis1, int axis2) {
        throw Unavailable.operation("NDArray.diagonal");
    }

    @Override
    public NDArray inverse() {
        throw Unavailable.operation("NDArray.inverse");
    }

    @Override
    public NDArray percentile(Number percentile) {
        throw Unavailable.operation("NDArray.percentile");
    }

    @Override
    public NDArray percentile(Number percentile, int[] axes) {
        throw Unavailable.operation("NDArray.percentile");
    }

    @Override
    public NDArray median() {
        throw Unavailable.operation("NDArray.median");
    }

    @Override
    public NDArray median(int[] axes) {
        throw Unavailable.operation("NDArray.median");
    }

    @Override
    public NDArray batchDot(NDArray other) {
        throw Unavailable.operation("NDArray.batchDot");
    }

    @Override
    public NDArray complex() {
        throw Unavailable.operation("NDArray.complex");
    }

    @Override
    public NDArray real() {
        throw Unavailable.operation("NDArray.real");
    }

    @Override
    public NDArray conj() {
        throw Unavailable.operation("NDArray.conj");
    }

    @Override
    public NDArray diff(int n, int dim) {
        throw Unavailable.operation("NDArray.diff");
    }
}

package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import java.nio.Buffer;
import java.nio.charset.Charset;
import java.nio.file.Path;

/** The ways of DJL to make arrays that this version of the engine does not offer. */
abstract class ManagerUnavailable extends BaseNDManager {

    ManagerUnavailable(NDManager parent, Device device) {
        super(parent, device);
    }

    @Override
    public NDArray create(String[] data, Charset charset, Shape shape) {
        throw Unavailable.operation("NDManager.create of strings");
    }

    @Override
    public NDArray createCSR(Buffer data, long[] indptr, long[] indices, Shape shape) {
        throw Unavailable.operation("NDManager.createCSR");
    }

    @Override
    public NDArray createRowSparse(Buffer data, Shape dataShape, long[] indices, Shape shape) {
        throw Unavailable.operation("NDManager.createRowSparse");
    }

    @Override
    public NDArray createCoo(Buffer data, long[][] indices, Shape shape) {
        throw Unavailable.operation("NDManager.createCoo");
    }

    @Override
    public NDList load(Path path) {
        throw Unavailable.operation("NDManager.load");
    }

    @Override
    public NDArray randomMultinomial(int n, NDArray pValues) {
        throw Unavailable.operation("NDManager.randomMultinomial");
    }

    @Override
    public NDArray randomMultinomial(int n, NDArray pValues, Shape shape) {
        throw Unavailable.operation("NDManager.randomMultinomial");
    }

    @Override
    public NDArray sampleNormal(NDArray mu, NDArray sigma) {
        throw Unavailable.operation("NDManager.sampleNormal");
    }

    @Override
    public NDArray sampleNormal(NDArray mu, NDArray sigma, Shape shape) {
        throw Unavailable.operation("NDManager.sampleNormal");
    }

    @Override
    public NDArray samplePoisson(NDArray lam) {
        throw Unavailable.operation("NDManager.samplePoisson");
    }

    @Override
    public NDArray samplePoisson(NDArray lam, Shape shape) {
        throw Unavailable.operation("NDManager.samplePoisson");
    }

    @Override
    public NDArray sampleGamma(NDArray alpha, NDArray beta) {
        throw Unavailable.operation("NDManager.sampleGamma");
    }

    @Override
    public NDArray sampleGamma(NDArray alpha, NDArray beta, Shape shape) {
        throw Unavailable.operation("NDManager.sampleGamma");
    }

    @Override
    public void invoke(
            String operation, NDArray[] src, NDArray[] dest, PairList<String, ?> params) {
        throw Unavailable.operation("NDManager.invoke of " + operation);
    }

    @Override
    public NDList invoke(String operation, NDList src, PairList<String, ?> params) {
        throw Unavailable.operation("NDManager.invoke of " + operation);
    }
}

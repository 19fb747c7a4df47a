package org.oktoblas.engine.cuda;

/** The backend that tests of primitives share: they allocate from it and leave nothing behind. */
final class TestBackend {

    private static final CudaBackend INSTANCE = CudaBackend.open(0);

    private TestBackend() {}

    static CudaBackend get() {
        return INSTANCE;
    }
}

package org.oktoblas.gpt2;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import org.oktoblas.okm.OkmFile;

/** The tensors of an {@code .okm}, mapped into memory. */
record OkmTensors(OkmFile file) implements TensorSource {

    @Override
    public DataType dataType(String name) {
        return file.tensors().get(name).type().dataType();
    }

    @Override
    public Shape shape(String name) {
        return file.tensors().get(name).shape();
    }

    @Override
    public ByteBuffer data(String name) {
        return file.data(name);
    }
}

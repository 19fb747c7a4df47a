package org.oktoblas.gpt2;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.oktoblas.okm.OkmFile;
import org.oktoblas.okm.OkmTensor;

/**
 * The tensors of an {@code .okm}, mapped into memory. They stay readable when the file is closed:
 * what is loaded late does not depend on whoever opened it.
 */
final class OkmTensors implements TensorSource {

    private final Map<String, OkmTensor> tensors;
    private final Map<String, ByteBuffer> data = new HashMap<>();

    /** Takes hold of the mappings of a file that is open. */
    OkmTensors(OkmFile file) {
        tensors = file.tensors();
        tensors.keySet().forEach(name -> data.put(name, file.data(name)));
    }

    @Override
    public DataType dataType(String name) {
        return tensors.get(name).type().dataType();
    }

    @Override
    public Shape shape(String name) {
        return tensors.get(name).shape();
    }

    @Override
    public ByteBuffer data(String name) {
        return data.get(name).duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }
}

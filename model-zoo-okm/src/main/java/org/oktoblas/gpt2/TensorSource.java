package org.oktoblas.gpt2;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import org.oktoblas.engine.backend.Decoder;

/**
 * Where a model's weights come from: tensors by their Hugging Face names, in direct, little-endian
 * memory that stays readable as long as any of its buffers is reachable.
 */
public interface TensorSource extends Decoder.Weights {

    /** Returns a tensor's element type: FLOAT32, FLOAT16 or BFLOAT16. */
    @Override
    DataType dataType(String name);

    /** Returns a tensor's shape. */
    @Override
    Shape shape(String name);

    /** Returns a tensor's elements, row-major. */
    @Override
    ByteBuffer data(String name);
}

package org.oktoblas.okm;

import ai.djl.ndarray.types.Shape;

/**
 * Where one tensor lies in {@code weights.bin}: little-endian, row-major.
 *
 * @param name the Hugging Face state-dict name, such as {@code transformer.wte.weight}
 * @param type the element type
 * @param shape the dimensions, each at least one; linear weights are (in, out)
 * @param offset the first byte, counted from the start of {@code weights.bin}; a multiple of 64
 * @param byteLength elements times bytes an element
 * @param checksum {@code crc32c:} and eight hexadecimal digits, over the tensor's bytes
 */
public record OkmTensor(
        String name, OkmType type, Shape shape, long offset, long byteLength, String checksum) {}

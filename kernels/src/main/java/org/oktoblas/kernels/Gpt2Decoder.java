package org.oktoblas.kernels;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaKernel;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.ElementType;

/**
 * A whole GPT-2 on a device: packed weights and the kernels that continue sequences with them, a
 * step of all layers in one launch. Threads may share it.
 */
public final class Gpt2Decoder implements AutoCloseable {

    private final CudaStream stream;
    private final Gpt2Shape shape;
    private final Gpt2Steps steps;
    private final Gpt2Prompts prompts;
    private final TokenChoice choice;
    private final Gpt2Weights weights;
    private final TokenRings rings;

    /** This and its sessions. */
    private int users = 1;

    private boolean closed;

    private Gpt2Decoder(
            CudaStream stream,
            Gpt2Shape shape,
            Gpt2Steps steps,
            Gpt2Prompts prompts,
            TokenChoice choice,
            Gpt2Weights weights) {
        this.stream = stream;
        this.shape = shape;
        this.steps = steps;
        this.prompts = prompts;
        this.choice = choice;
        this.weights = weights;
        rings = new TokenRings(stream.device());
    }

    /**
     * Packs a network's weights, if there are kernels for the network that the device can run.
     *
     * @param stream on which sessions will work, too
     * @throws org.oktoblas.cuda.CudaOutOfMemoryException if there is not enough memory
     * @throws IllegalArgumentException if a weight has another shape or type than it should
     */
    public static Optional<Gpt2Decoder> open(
            CudaStream stream, KernelFamilies kernels, Gpt2Shape shape, Source source) {
        if (shape.whyUnsupported().isPresent()) {
            return Optional.empty();
        }
        CudaDevice device = stream.device();
        CudaKernel norm = device.kernel("gpt2_prompt_norm_" + shape.type().suffix());
        int activation = norm.constant("activation" + Operation.capitalized(shape.activation()));
        Gpt2Structs structs = new Gpt2Structs(shape, activation);
        Optional<Gpt2Steps> steps = Gpt2Steps.find(device, shape, structs);
        if (steps.isEmpty()) {
            return Optional.empty();
        }
        Gpt2Prompts prompts = new Gpt2Prompts(device, shape, structs, kernels.attention());
        TokenChoice choice = kernels.tokenChoice();
        Gpt2Weights weights = Gpt2Packer.pack(stream, shape, kernels.elementwise(), source);
        return Optional.of(new Gpt2Decoder(stream, shape, steps.get(), prompts, choice, weights));
    }

    /** The tensors that are packed, by their Hugging Face names; linear ones are (in, out). */
    public interface Source {

        /** Returns a tensor's type: F32, F16 or BF16. */
        ElementType type(String name);

        /** Returns a tensor's shape. */
        long[] shape(String name);

        /** Returns a tensor's elements, row-major and little-endian. */
        ByteBuffer data(String name);
    }

    /** Returns the bytes that the weights take on the device. */
    public long byteSize() {
        return weights.memory().byteSize();
    }

    /** Starts a session, which is to be closed. */
    public synchronized Gpt2Session newSession() {
        if (closed) {
            throw new IllegalStateException("This decoder is closed.");
        }
        users++;
        return new Gpt2Session(this, stream);
    }

    Gpt2Shape shape() {
        return shape;
    }

    Gpt2Steps steps() {
        return steps;
    }

    Gpt2Prompts prompts() {
        return prompts;
    }

    TokenChoice choice() {
        return choice;
    }

    Gpt2Weights weights() {
        return weights;
    }

    TokenRings rings() {
        return rings;
    }

    /** Lets go of the weights on behalf of one user; the last one frees them. */
    void release() {
        synchronized (this) {
            if (--users > 0) {
                return;
            }
        }
        Closing.all(Arrays.asList(rings, weights));
    }

    /** Frees the weights once no session needs them. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        release();
    }
}

package org.oktoblas.engine.cuda;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import org.oktoblas.cuda.CudaException;
import org.oktoblas.cuda.CudaOutOfMemoryException;
import org.oktoblas.engine.backend.Operand;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;

/** What went wrong on a GPU, in the engine's words: the operation, its operands, the device. */
final class Failures {

    private Failures() {}

    /**
     * Returns the exception for an operation. The cause says what the driver was asked for, what is
     * taken where memory ran out, and what to do.
     */
    static EngineException of(
            CudaException cause, Device device, Object operation, Operand... operands) {
        StringBuilder text = new StringBuilder();
        if (cause instanceof CudaOutOfMemoryException) {
            text.append("Out of memory in ");
        }
        text.append(operation);
        String separator = " of ";
        for (Operand operand : operands) {
            if (operand != null) {
                text.append(separator).append(describe(operand));
                separator = ", ";
            }
        }
        text.append(" on ").append(device).append(": ").append(cause.getMessage());
        return new EngineException(text.toString(), cause);
    }

    private static String describe(Operand operand) {
        if (operand instanceof Scalar scalar) {
            return "the number " + scalar.real();
        }
        Tensor tensor = (Tensor) operand;
        return tensor.dataType() + " " + tensor.layout();
    }
}

package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.RequiresGpu;
import org.oktoblas.zoo.LanguageModel;

@RequiresGpu
class GpuFaultTest extends FaultLaws {

    private static final Shape GIGABYTE = new Shape(1 << 30);

    GpuFaultTest() {
        super(Target.GPU);
    }

    @Override
    Stream<Target> targets() {
        return Stream.of(Target.GPU);
    }

    /** Whoever runs out of memory can close some and go on, with the model that was there. */
    @Test
    void textAfterRunningOutOfMemoryTenTimes() throws Exception {
        long[] prompt = {759, 1185, 468, 2152};
        try (LanguageModel model = Target.GPU.load(Models.path(Models.PROSE).toString())) {
            long[] wanted = generate(model, prompt);
            for (int time = 0; time < 10; time++) {
                try (NDManager manager = Target.GPU.newManager()) {
                    EngineException e = assertThrows(EngineException.class, () -> exhaust(manager));
                    assertTrue(e.getMessage().startsWith("Out of memory in "), e.getMessage());
                }
            }
            assertArrayEquals(wanted, generate(model, prompt));
        }
    }

    /** Makes arrays, which the manager holds, until there is no memory for one more. */
    private static void exhaust(NDManager manager) {
        while (true) {
            manager.zeros(GIGABYTE, DataType.INT8);
        }
    }
}

package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.Test;

/** How DJL sees the engine. */
class OktoEngineTest {

    @Test
    void isFoundByName() {
        assertTrue(Engine.hasEngine("OktoBLAS"));
        Engine engine = Engine.getEngine("OktoBLAS");
        assertSame(OktoEngine.get(), engine);
        assertEquals("OktoBLAS", engine.getEngineName());
        assertEquals(3, engine.getRank());
        assertNull(engine.getAlternativeEngine());
    }

    @Test
    void isTheDefaultWhereItIsAlone() {
        assertEquals("OktoBLAS", Engine.getInstance().getEngineName());
        try (NDManager manager = NDManager.newBaseManager()) {
            assertEquals("OktoBLAS", manager.getEngine().getEngineName());
            assertEquals(Device.cpu(), manager.getDevice());
        }
    }

    @Test
    void knowsItsVersion() {
        String version = Engine.getEngine("OktoBLAS").getVersion();
        assertTrue(version.matches("\\d+\\.\\d+\\.\\d+.*"), version);
        assertEquals("OktoBLAS:" + version, Engine.getEngine("OktoBLAS").toString());
    }

    @Test
    void hasNoGpuYet() {
        Engine engine = Engine.getEngine("OktoBLAS");
        assertEquals(0, engine.getGpuCount());
        assertArrayEquals(new Device[] {Device.cpu()}, engine.getDevices());
        EngineException e =
                assertThrows(EngineException.class, () -> engine.newBaseManager(Device.gpu()));
        assertTrue(e.getMessage().contains("gpu(0)"), e.getMessage());
        assertTrue(e.getMessage().contains("Device.cpu()"), e.getMessage());
    }

    @Test
    void theSystemManagerStaysOpen() {
        assertThrows(IllegalStateException.class, () -> OktoNDManager.system().close());
    }
}

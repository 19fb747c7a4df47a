package org.oktoblas.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.engine.StandardCapabilities;
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
            assertEquals(manager.getEngine().defaultDevice(), manager.getDevice());
        }
    }

    @Test
    void knowsItsVersion() {
        String version = Engine.getEngine("OktoBLAS").getVersion();
        assertTrue(version.matches("\\d+\\.\\d+\\.\\d+.*"), version);
        assertEquals("OktoBLAS:" + version, Engine.getEngine("OktoBLAS").toString());
    }

    @Test
    void gpusThatAreNotThereAreRefused() {
        OktoEngine engine = OktoEngine.get();
        int count = engine.getGpuCount();
        assertEquals(count == 0, engine.whyNoGpu().isPresent());
        assertEquals(count > 0, engine.hasCapability(StandardCapabilities.CUDA));
        assertEquals(Math.max(1, count), engine.getDevices().length);
        EngineException e =
                assertThrows(EngineException.class, () -> engine.newBaseManager(Device.gpu(count)));
        assertTrue(e.getMessage().contains("gpu(" + count + ")"), e.getMessage());
        assertTrue(e.getMessage().contains("Device.cpu()"), e.getMessage());
        engine.whyNoGpu()
                .ifPresent(why -> assertTrue(e.getMessage().contains(why), e.getMessage()));
    }

    @Test
    void theDefaultDeviceCanBeSet() {
        OktoEngine engine = OktoEngine.get();
        String property = "ai.djl.oktoblas.device";
        try {
            System.setProperty(property, "cpu");
            assertEquals(Device.cpu(), engine.defaultDevice());
            System.setProperty(property, "gpu1");
            assertEquals(Device.gpu(1), engine.defaultDevice());
            System.setProperty(property, "fast");
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, engine::defaultDevice);
            assertTrue(e.getMessage().contains("\"fast\""), e.getMessage());
        } finally {
            System.clearProperty(property);
        }
    }

    @Test
    void devicesAreDescribed() {
        for (Device device : OktoEngine.get().getDevices()) {
            assertFalse(OktoEngine.get().describe(device).isBlank());
            assertTrue(OktoEngine.get().memoryUse(device).used() >= 0);
        }
    }

    @Test
    void theSystemManagerStaysOpen() {
        assertThrows(IllegalStateException.class, () -> OktoNDManager.system().close());
    }
}

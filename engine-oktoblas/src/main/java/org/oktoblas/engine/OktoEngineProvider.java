package org.oktoblas.engine;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineProvider;

/** How DJL finds the engine: a service of type {@link EngineProvider}. */
public class OktoEngineProvider implements EngineProvider {

    @Override
    public String getEngineName() {
        return OktoEngine.ENGINE_NAME;
    }

    @Override
    public int getEngineRank() {
        return OktoEngine.RANK;
    }

    @Override
    public Engine getEngine() {
        return OktoEngine.get();
    }
}

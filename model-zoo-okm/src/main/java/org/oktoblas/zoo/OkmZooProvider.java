package org.oktoblas.zoo;

import ai.djl.repository.zoo.ModelZoo;
import ai.djl.repository.zoo.ZooProvider;

/** Tells DJL of the {@link OkmModelZoo}. */
public final class OkmZooProvider implements ZooProvider {

    /** DJL finds this class as a service. */
    public OkmZooProvider() {}

    @Override
    public ModelZoo getModelZoo() {
        return new OkmModelZoo();
    }
}

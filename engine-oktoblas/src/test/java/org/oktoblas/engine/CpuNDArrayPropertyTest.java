package org.oktoblas.engine;

import ai.djl.Device;

class CpuNDArrayPropertyTest extends NDArrayPropertyLaws {

    CpuNDArrayPropertyTest() {
        super(Device.cpu());
    }
}

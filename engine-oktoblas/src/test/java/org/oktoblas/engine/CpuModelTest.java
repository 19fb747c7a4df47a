package org.oktoblas.engine;

import ai.djl.Device;

class CpuModelTest extends ModelLaws {

    CpuModelTest() {
        super(Device.cpu());
    }
}

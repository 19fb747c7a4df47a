package org.oktoblas.engine;

import ai.djl.Device;

class CpuNDArrayTest extends NDArrayLaws {

    CpuNDArrayTest() {
        super(Device.cpu());
    }
}

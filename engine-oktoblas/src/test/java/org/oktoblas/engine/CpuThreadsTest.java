package org.oktoblas.engine;

import ai.djl.Device;

class CpuThreadsTest extends ThreadsLaws {

    CpuThreadsTest() {
        super(Device.cpu());
    }
}

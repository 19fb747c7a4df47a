package org.oktoblas.engine;

import ai.djl.Device;

class CpuAppendTest extends AppendLaws {

    CpuAppendTest() {
        super(Device.cpu());
    }
}

package org.oktoblas.engine;

import ai.djl.Device;

class CpuTransformerOpsTest extends TransformerOpsLaws {

    CpuTransformerOpsTest() {
        super(Device.cpu());
    }
}

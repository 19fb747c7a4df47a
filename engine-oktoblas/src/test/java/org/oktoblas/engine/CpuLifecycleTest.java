package org.oktoblas.engine;

import ai.djl.Device;

class CpuLifecycleTest extends LifecycleLaws {

    CpuLifecycleTest() {
        super(Device.cpu());
    }
}

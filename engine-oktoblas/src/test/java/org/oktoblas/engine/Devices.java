package org.oktoblas.engine;

import ai.djl.Device;
import java.util.ArrayList;
import java.util.List;

/** The devices that this machine has: each test runs on all of them. */
final class Devices {

    private Devices() {}

    static List<Device> present() {
        List<Device> devices = new ArrayList<>();
        devices.add(Device.cpu());
        for (int i = 0; i < OktoEngine.get().getGpuCount(); i++) {
            devices.add(Device.gpu(i));
        }
        return devices;
    }
}

package org.oktoblas.cuda;

import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;

/** The driver's library, as JCuda and JNA reach it. */
final class Driver {

    private Driver() {}

    /** Returns what {@code cuLaunchKernel} takes for a kernel with one parameter, a struct. */
    static Pointer parameters(ByteBuffer struct) {
        ByteBuffer pointers = ByteBuffer.allocateDirect(8).order(ByteOrder.nativeOrder());
        pointers.putLong(0, com.sun.jna.Pointer.nativeValue(Native.getDirectBufferPointer(struct)));
        return Pointer.to(pointers);
    }
}

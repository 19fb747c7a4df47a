package org.oktoblas.bench.gpu;

/** What a time comprises. */
enum Way {
    /** Kernels alone: many calls in one CUDA graph, between two events. */
    GRAPH,
    /** What an application waits for: many calls from the host, then one wait for the device. */
    EAGER,
    /** What a call costs the host, however long the device takes. */
    HOST
}

package org.oktoblas.bench.gpu;

/** What a table shows of a time. */
enum Metric {
    TFLOPS("tflops", true),
    GIGABYTES("gigabytes_per_second", true),
    MICROSECONDS("microseconds", false);

    private final String title;
    private final boolean higherIsBetter;

    Metric(String title, boolean higherIsBetter) {
        this.title = title;
        this.higherIsBetter = higherIsBetter;
    }

    boolean higherIsBetter() {
        return higherIsBetter;
    }

    /** Converts the time of one call. */
    double of(KernelCase task, double microseconds) {
        return switch (this) {
            case TFLOPS -> task.flop() / microseconds / 1e6;
            case GIGABYTES -> task.traffic() / microseconds / 1e3;
            case MICROSECONDS -> microseconds;
        };
    }

    /** Returns the name in tables. */
    @Override
    public String toString() {
        return title;
    }
}

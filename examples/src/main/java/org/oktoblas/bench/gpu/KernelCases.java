package org.oktoblas.bench.gpu;

import static org.oktoblas.bench.gpu.Format.BF16;
import static org.oktoblas.bench.gpu.Format.FP16;
import static org.oktoblas.bench.gpu.Format.FP32;
import static org.oktoblas.bench.gpu.Format.TF32;

import java.util.ArrayList;
import java.util.List;

/** What is measured, by topic. A quick run leaves sizes out, never an operation. */
final class KernelCases {

    /** Bytes of a large array. */
    static final int LARGE = 256 << 20;

    private static final int SMALL_COUNT = 64 << 10;
    private static final int VOCABULARY = 50257;
    private static final int WIDTH = 768;

    private final String topic;
    private final boolean quick;
    private final List<KernelCase> cases = new ArrayList<>();

    private KernelCases(String topic, boolean quick) {
        this.topic = topic;
        this.quick = quick;
    }

    /** Returns a topic's cases. */
    static List<KernelCase> of(String topic, boolean quick) {
        KernelCases list = new KernelCases(topic, quick);
        switch (topic) {
            case "gemm" -> list.gemm();
            case "attention" -> list.attention();
            case "elementwise" -> list.elementwise();
            case "reduce" -> list.reduce();
            case "softmax" -> list.perRow("softmax", "softmax");
            case "layernorm" -> list.perRow("layerNorm", "layer norm");
            case "dispatch" -> list.dispatch();
            default -> throw new IllegalArgumentException("no topic is named " + topic);
        }
        return list.cases;
    }

    /** Returns what everything that moves memory is held against: a copy by the driver itself. */
    static KernelCase copy() {
        return new KernelCase(
                "elementwise",
                "copy 256 MB",
                "copy",
                FP32,
                List.of(LARGE / FP32.bytes()),
                Way.GRAPH,
                Metric.GIGABYTES,
                0,
                2.0 * LARGE,
                LARGE);
    }

    private void gemm() {
        for (Format format : List.of(FP16, TF32, FP32, BF16)) {
            for (int n : List.of(512, 1024, 2048, 4096, 8192)) {
                boolean wanted = format == BF16 ? n == 4096 : n <= 4096 || format == FP16;
                if (wanted && (!quick || n == 1024 || n == 4096)) {
                    product(format, n);
                }
            }
        }
        for (int m : quick ? List.of(1, 32) : List.of(1, 8, 32, 128)) {
            linear("lm head", m, WIDTH, VOCABULARY);
        }
        linear("linear", 1, WIDTH, 3 * WIDTH);
        linear("linear", 1, WIDTH, WIDTH);
        linear("linear", 1, WIDTH, 4 * WIDTH);
        linear("linear", 1, 4 * WIDTH, WIDTH);
        for (int n : quick ? List.of(1024, 4096) : List.of(1024, 2048, 4096)) {
            add(
                    "%s %dx%dx%d NDArray.matMul".formatted(FP16, n, n, n),
                    "matmul",
                    FP16,
                    List.of(n, n, n),
                    Way.EAGER,
                    Metric.TFLOPS,
                    2.0 * n * n * n,
                    0,
                    2.0 * n * n * FP16.bytes());
        }
    }

    private void product(Format format, int n) {
        add(
                "%s %dx%dx%d".formatted(format, n, n, n),
                "matmul",
                format,
                List.of(n, n, n),
                Way.GRAPH,
                Metric.TFLOPS,
                2.0 * n * n * n,
                0,
                2.0 * n * n * format.bytes());
    }

    /** A layer of GPT-2 with its bias. */
    private void linear(String name, int m, int k, int n) {
        double weights = (double) k * n * FP16.bytes();
        add(
                "%s %s %dx%dx%d".formatted(FP16, name, m, n, k),
                "linear",
                FP16,
                List.of(m, n, k),
                Way.GRAPH,
                Metric.MICROSECONDS,
                2.0 * m * n * k,
                m > 8 ? 0 : weights + (double) m * (n + k) * FP32.bytes(),
                weights);
    }

    private void attention() {
        for (Format format : List.of(FP16, FP32)) {
            attend(format, 1, 128);
            if (!quick) {
                attend(format, 1, 512);
            }
            attend(format, 1, 1024);
            attend(format, 8, 128);
            if (!quick) {
                attend(format, 32, 128);
                attend(format, 4, 256);
                attend(format, 4, 512);
                attend(format, 8, 256);
            }
        }
        for (int batch : quick ? List.of(1, 8) : List.of(1, 8, 32)) {
            causal(batch, 1024);
        }
        if (!quick) {
            causal(8, 2048);
        }
        for (int batch : quick ? List.of(1, 32) : List.of(1, 8, 32)) {
            decode(batch, 1024);
        }
        if (!quick) {
            decode(32, 2048);
        }
    }

    private void attend(Format format, int batch, int length) {
        attention("", "attention", format, batch, 1, length, length, 4);
    }

    private void causal(int batch, int length) {
        attention("causal ", "causalAttention", FP16, batch, 12, length, length, 2);
    }

    private void decode(int batch, int keys) {
        attention("decode ", "decodeAttention", FP16, batch, 12, 1, keys, 4);
    }

    private void attention(
            String kind, String op, Format format, int b, int h, int t, int s, double flop) {
        int d = 64;
        double heads = (double) b * h;
        double cache = 2 * heads * s * d * format.bytes();
        double queries = heads * t * d * format.bytes();
        add(
                "%s %sb%d h%d s%d d%d".formatted(format, kind, b, h, s, d),
                op,
                format,
                List.of(b, h, t, s, d),
                Way.GRAPH,
                Metric.MICROSECONDS,
                flop * heads * t * s * d,
                t == 1 ? cache + 2 * queries : 0,
                cache + queries);
    }

    private void elementwise() {
        cases.add(copy());
        for (Format format : List.of(FP32, FP16)) {
            int large = LARGE / format.bytes();
            String size = " 256 MB";
            map("add", format, large, 3, size);
            map("multiply", format, large, 3, size);
            map("relu", format, large, 2, size);
            map("geluTanh", format, large, 2, size);
            map("exp", format, large, 2, size);
            if (format == FP32) {
                large(format, "cast to fp16", "cast", List.of(large), 1.5 * LARGE);
            }
            large(format, "bias add", "biasAdd", List.of(large / 1024, 1024), 2.0 * LARGE);
            // The condition is a byte an element.
            large(format, "where", "where", List.of(large), 3.0 * LARGE + large);
            double matrix = 8192.0 * 8192 * format.bytes();
            large(format, "transpose 8192x8192", "transpose", List.of(8192, 8192), 2 * matrix);
            map("add", format, SMALL_COUNT, 3, " 64k");
            map("geluTanh", format, SMALL_COUNT, 2, " 64k");
        }
    }

    private void map(String op, Format format, int count, int arrays, String size) {
        double bytes = (double) count * format.bytes();
        boolean isLarge = count > SMALL_COUNT;
        add(
                format + " " + words(op) + size,
                op,
                format,
                List.of(count),
                Way.GRAPH,
                isLarge ? Metric.GIGABYTES : Metric.MICROSECONDS,
                0,
                isLarge ? arrays * bytes : 0,
                (arrays - 1) * bytes);
    }

    private void reduce() {
        for (Format format : List.of(FP32, FP16)) {
            List<Integer> dims = List.of(8192, LARGE / format.bytes() / 8192);
            String shape = " %dx%d".formatted(dims.get(0), dims.get(1));
            large(format, "sum all" + shape, "sumAll", dims, LARGE);
            large(format, "sum rows" + shape, "sumRows", dims, LARGE);
            large(format, "sum columns" + shape, "sumColumns", dims, LARGE);
            large(format, "max all" + shape, "maxAll", dims, LARGE);
            large(format, "argmax rows" + shape, "argMaxRows", dims, LARGE);
            large(format, "argmax all" + shape, "argMaxAll", dims, LARGE);
        }
        int rows = 8;
        String shape = " %dx%d".formatted(rows, VOCABULARY);
        small(FP32, "cumulative sum" + shape, "scan", List.of(rows, VOCABULARY));
        small(FP32, "sort" + shape, "sort", List.of(rows, VOCABULARY));
        small(FP32, "top 50" + shape, "topK", List.of(rows, VOCABULARY, 50));
    }

    private void perRow(String op, String words) {
        for (Format format : List.of(FP32, FP16)) {
            for (int width : quick ? List.of(768, 50257) : List.of(768, 1024, 1600, 4096, 50257)) {
                int rows = LARGE / format.bytes() / width;
                large(
                        format,
                        "%s %dx%d".formatted(words, rows, width),
                        op,
                        List.of(rows, width),
                        2.0 * rows * width * format.bytes());
            }
            small(format, words + " 1024x768", op, List.of(1024, 768));
        }
    }

    private void dispatch() {
        host("NDArray.add, 64 elements", "add", List.of(64));
        host("NDArray.matMul, 64x64", "matmul", List.of(64, 64, 64));
        host("NDArray.get, a row of 8x8", "get", List.of(8, 8));
        host("NDArray.set, a row of 8x8", "set", List.of(8, 8));
        host("NDManager.zeros, 64 elements", "create", List.of(64));
    }

    private void host(String name, String op, List<Integer> dims) {
        add(name, op, FP32, dims, Way.HOST, Metric.MICROSECONDS, 0, 0, 0);
    }

    private void large(Format format, String name, String op, List<Integer> dims, double traffic) {
        add(format + " " + name, op, format, dims, Way.GRAPH, Metric.GIGABYTES, 0, traffic, LARGE);
    }

    private void small(Format format, String name, String op, List<Integer> dims) {
        double bytes = (double) dims.get(0) * dims.get(1) * format.bytes();
        add(format + " " + name, op, format, dims, Way.GRAPH, Metric.MICROSECONDS, 0, 0, bytes);
    }

    private void add(
            String name,
            String op,
            Format format,
            List<Integer> dims,
            Way way,
            Metric metric,
            double flop,
            double traffic,
            double inputBytes) {
        cases.add(
                new KernelCase(
                        topic, name, op, format, dims, way, metric, flop, traffic, inputBytes));
    }

    private static String words(String op) {
        return op.equals("geluTanh") ? "gelu tanh" : op;
    }
}

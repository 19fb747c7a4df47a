package org.oktoblas.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The list of what is measured. */
class KernelCasesTest {

    private static final long CACHE = 50L << 20;

    private static KernelCase find(String topic, String name) {
        return KernelCases.of(topic, false).stream()
                .filter(task -> task.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemm",
                "attention",
                "elementwise",
                "reduce",
                "softmax",
                "layernorm",
                "dispatch"
            })
    void namesAreUniqueAndQuickRunsLeaveOutSizesOnly(String topic) {
        List<KernelCase> all = KernelCases.of(topic, false);
        Set<String> names = all.stream().map(KernelCase::name).collect(Collectors.toSet());
        assertEquals(all.size(), names.size());
        List<KernelCase> quick = KernelCases.of(topic, true);
        assertTrue(all.containsAll(quick));
        assertEquals(operations(all), operations(quick));
        for (KernelCase task : all) {
            assertEquals(topic, task.topic());
            assertTrue(task.metric() != Metric.TFLOPS || task.flop() > 0, task.name());
            assertTrue(task.metric() != Metric.GIGABYTES || task.traffic() > 0, task.name());
        }
    }

    private static Set<String> operations(List<KernelCase> cases) {
        return cases.stream()
                .map(task -> task.op() + " " + task.format() + " " + task.way())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyTopicHasCases() {
        Set<String> topics = new HashSet<>(KernelBenchmark.TOPICS.keySet());
        topics.removeIf(topic -> !KernelCases.of(topic, true).isEmpty());
        assertEquals(Set.of(), topics);
        assertThrows(IllegalArgumentException.class, () -> KernelCases.of("gem", true));
    }

    @Test
    void figuresAreThoseOfTheMetric() {
        KernelCase product = find("gemm", "fp16 4096x4096x4096");
        assertEquals(687.2, Metric.TFLOPS.of(product, 200), 0.1);
        KernelCase sum = find("elementwise", "fp32 add 256 MB");
        assertEquals(3 * 268.435456, Metric.GIGABYTES.of(sum, 1000), 1e-6);
        assertEquals(7, Metric.MICROSECONDS.of(sum, 7));
    }

    @Test
    void inputsRotateThroughMoreThanTheCache() {
        assertEquals(1, find("elementwise", "fp32 add 256 MB").sets(CACHE));
        assertEquals(1, KernelCases.copy().sets(CACHE));
        // 3.5 MB of weights each.
        KernelCase linear = find("gemm", "fp16 linear 1x2304x768");
        assertTrue(linear.sets(CACHE) * linear.inputBytes() >= 2 * CACHE);
        // Activations this small are always in the cache; no more sets than are worth while.
        assertEquals(32, find("attention", "fp16 b1 h1 s128 d64").sets(CACHE));
        assertEquals(1, find("dispatch", "NDArray.add, 64 elements").sets(CACHE));
    }

    @Test
    void theCopyIsTheFirstElementwiseCase() {
        assertEquals(KernelCases.copy(), KernelCases.of("elementwise", true).get(0));
        assertFalse(KernelCases.of("reduce", true).contains(KernelCases.copy()));
    }
}

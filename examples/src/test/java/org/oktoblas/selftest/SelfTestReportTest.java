package org.oktoblas.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** What the self-test says, of classes whose outcomes are known. */
class SelfTestReportTest {

    private final List<String> lines = new ArrayList<>();
    private final List<String> tests = new ArrayList<>();
    private final SelfTestReport report = new SelfTestReport(lines::add, tests::add);

    @Tag("sources")
    static class Mixed {
        @Test
        void passes() {}

        @ParameterizedTest
        @ValueSource(ints = {1, 2})
        void oneOfTwo(int n) {
            assertEquals(1, n, "two\nlines");
        }

        @Test
        void assumes() {
            assumeTrue(false, "no such thing here");
        }

        @Nested
        class Inner {
            @Test
            void passesToo() {}
        }
    }

    @Tag("sources")
    @Disabled("not on this machine")
    static class Skipped {
        @Test
        void one() {}

        @Test
        void other() {}
    }

    @Tag("sources")
    static class Unready {
        @BeforeAll
        static void open() {
            throw new IllegalStateException("cannot open", new RuntimeException("the cause"));
        }

        @Test
        void never() {
            fail();
        }
    }

    private void run(Class<?>... classes) {
        LauncherDiscoveryRequestBuilder builder = LauncherDiscoveryRequestBuilder.request();
        for (Class<?> each : classes) {
            builder.selectors(selectClass(each));
        }
        LauncherDiscoveryRequest request = builder.build();
        LauncherFactory.create().execute(request, new SelfTestListener(report));
        report.summarize();
    }

    private boolean said(String regex) {
        return lines.stream().anyMatch(line -> line.matches(regex));
    }

    @Test
    void aClassIsALineWithItsCounts() {
        run(Mixed.class);
        assertTrue(
                said("FAIL  SelfTestReportTest\\$Mixed +3 passed, 1 skipped, 1 failed, .* s"),
                lines.toString());
        assertTrue(said(" +skipped 1: Assumption failed: no such thing here"), lines.toString());
        assertTrue(said(" +failed: oneOfTwo\\(int\\) \\[2\\] (n=)?2"), lines.toString());
        assertTrue(
                said("failed: SelfTestReportTest\\$Mixed oneOfTwo\\(int\\) \\[2\\] (n=)?2: two"),
                lines.toString());
        assertTrue(said("3 passed, 1 skipped, 1 failed, .* s"), lines.toString());
        assertEquals(1, report.failures());
        assertEquals(5, report.tests());
        assertEquals(5, tests.size());
    }

    @Test
    void aStackEndsWithTheTest() {
        run(Mixed.class);
        List<String> frames =
                lines.stream().map(String::strip).filter(l -> l.startsWith("at ")).toList();
        assertEquals(1, frames.size(), frames.toString());
        assertTrue(frames.get(0).contains("$Mixed.oneOfTwo("), frames.toString());
    }

    @Test
    void aSkippedClassCountsItsTests() {
        run(Skipped.class);
        assertTrue(said("skip  SelfTestReportTest\\$Skipped +2 skipped, .* s"), lines.toString());
        assertTrue(said(" +skipped 2: not on this machine"), lines.toString());
        assertTrue(said("nothing was tested"), lines.toString());
        assertEquals(0, report.failures());
    }

    @Test
    void aClassThatCannotBeginHasFailed() {
        run(Unready.class);
        assertEquals(1, report.failures());
        assertTrue(said(" +java.lang.IllegalStateException: cannot open"), lines.toString());
        assertTrue(said(" +because of java.lang.RuntimeException: the cause"), lines.toString());
    }

    @Test
    void theFileHoldsEveryTest(@TempDir Path directory) throws Exception {
        run(Mixed.class, Skipped.class);
        Path file = directory.resolve("report.json");
        report.write(file);
        JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        assertEquals(3, json.get("passed").getAsInt());
        assertEquals(3, json.get("skipped").getAsInt());
        assertEquals(1, json.get("failed").getAsInt());
        assertEquals(7, json.getAsJsonArray("tests").size());
        JsonObject test = json.getAsJsonArray("tests").get(0).getAsJsonObject();
        assertTrue(test.get("class").getAsString().startsWith("org.oktoblas.selftest."));
        assertFalse(test.get("status").getAsString().isEmpty());
    }

    @Test
    void nothingToRunIsSaid() {
        report.summarize();
        assertEquals(List.of("", "no tests match"), lines);
    }
}

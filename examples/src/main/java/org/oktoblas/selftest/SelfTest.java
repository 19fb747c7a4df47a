package org.oktoblas.selftest;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.platform.engine.discovery.ClassNameFilter;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Finds the bundled tests and runs them with JUnit's launcher. */
public final class SelfTest {

    /** The tag of tests that need a GPU. */
    public static final String GPU = "gpu";

    /** The tag of tests that need the sources around them, of the build as a rule. */
    private static final String SOURCES = "sources";

    private static final String TEST_JAR = "-tests.jar";

    /** Tries of a property whose test does not say how many it wants. */
    private static final int TRIES = 200;

    /** It says that its database is off, and how many cases it tried. Held, or it is forgotten. */
    private static final Logger JQWIK = Logger.getLogger("net.jqwik");

    private final LauncherDiscoveryRequest request;
    private final Launcher launcher = LauncherFactory.create();

    /**
     * Chooses tests.
     *
     * @param tag their tag, or null for all that need no sources
     * @param pattern what their class's name contains, with * for anything, or null for all
     * @param timeoutSeconds how long one test may take
     */
    public SelfTest(String tag, String pattern, int timeoutSeconds) {
        JQWIK.setLevel(Level.WARNING);
        LauncherDiscoveryRequestBuilder builder =
                LauncherDiscoveryRequestBuilder.request()
                        .selectors(DiscoverySelectors.selectClasspathRoots(testJars()))
                        .configurationParameter("jqwik.tries.default", String.valueOf(TRIES))
                        // Nothing is written where the product is installed or the user stands.
                        .configurationParameter("jqwik.database", "")
                        .configurationParameter("jqwik.reporting.onlyfailures", "true")
                        // A kernel that never ends cannot be interrupted, only left behind.
                        .configurationParameter(
                                "junit.jupiter.execution.timeout.default", timeoutSeconds + " s")
                        .configurationParameter(
                                "junit.jupiter.execution.timeout.thread.mode.default",
                                "SEPARATE_THREAD");
        builder.filters(tag == null ? TagFilter.excludeTags(SOURCES) : TagFilter.includeTags(tag));
        if (pattern != null) {
            String regex =
                    Arrays.stream(pattern.split("\\*", -1))
                            .map(Pattern::quote)
                            .collect(Collectors.joining(".*", ".*", ".*"));
            builder.filters(ClassNameFilter.includeClassNamePatterns(regex));
        }
        request = builder.build();
    }

    /** Returns whether tests are on the class path, as they are in a distribution. */
    public static boolean present() {
        return !testJars().isEmpty();
    }

    private static Set<Path> testJars() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.endsWith(TEST_JAR))
                .map(Path::of)
                .filter(Files::exists)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Returns the names of the classes that have tests of the choice. */
    public Set<String> classes() {
        Set<String> names = new TreeSet<>();
        TestPlan plan = launcher.discover(request);
        for (TestIdentifier root : plan.getRoots()) {
            plan.getDescendants(root).stream()
                    .filter(TestIdentifier::isTest)
                    .forEach(test -> names.add(SelfTestListener.className(plan, test)));
            // Parameterized tests, of which there are none before they run.
            plan.getDescendants(root).stream()
                    .filter(each -> each.getSource().isPresent())
                    .forEach(each -> names.add(SelfTestListener.className(plan, each)));
        }
        return names;
    }

    /**
     * Runs the tests.
     *
     * @param report told of every outcome
     */
    public void run(SelfTestReport report) {
        launcher.execute(request, new SelfTestListener(report));
    }
}

package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.Shape;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaMethod;
import java.io.IOException;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.oktoblas.engine.OktoEngine;
import org.oktoblas.engine.Refusal;
import org.oktoblas.engine.Refuses;

/**
 * Holds docs/operations.md to the code, and the code to its own marks. {@code
 * -Doperations.write=true} writes the page instead of comparing it.
 */
@Tag("sources")
class OperationsPageTest {

    private static final Path PAGE = Path.of("..", "docs", "operations.md");

    private static OperationsPage page;

    @BeforeAll
    static void read() {
        page = new OperationsPage();
    }

    @Test
    void thePageIsWhatTheCodeSays() throws IOException {
        String built = System.getProperty("djl.version", Engine.getDjlVersion());
        assumeTrue(
                built.equals(Engine.getDjlVersion()),
                "the page is of DJL " + built + ", and this is " + Engine.getDjlVersion());
        String markdown = page.markdown();
        if (Boolean.getBoolean("operations.write")) {
            Files.writeString(PAGE, markdown);
        }
        assertEquals(
                markdown,
                Files.exists(PAGE) ? Files.readString(PAGE) : "",
                "docs/operations.md is out of date; this writes it: mvn -pl integration-tests -am"
                        + " verify -Dtest=OperationsPageTest -Dsurefire.failIfNoSpecifiedTests=false"
                        + " -Doperations.write=true");
    }

    @Test
    void whatIsMarkedRefusesAndSaysWhy() throws Exception {
        List<Method> refusing =
                page.refusing()
                        .filter(method -> method.getAnnotation(Refuses.class).when().isEmpty())
                        .toList();
        assertFalse(refusing.isEmpty());
        for (Method method : refusing) {
            String name = OperationsPage.signature(method);
            Throwable thrown = call(method).orElseThrow(() -> new AssertionError(name));
            assertEquals(UnsupportedOperationException.class, thrown.getClass(), name);
            String reason = method.getAnnotation(Refuses.class).value().reason();
            String message = thrown.getMessage();
            assertTrue(message.endsWith(": " + reason + "."), message);
        }
    }

    /** A method that refuses does so before it looks at what it is called with. */
    @Test
    void whatIsNotMarkedDoesNotRefuse() throws Exception {
        List<String> wrong = new ArrayList<>();
        for (Method method : page.implementations().toList()) {
            boolean said = method.isAnnotationPresent(Refuses.class) || !page.works(method);
            Optional<Throwable> thrown = said ? Optional.empty() : call(method);
            if (thrown.orElse(null) instanceof UnsupportedOperationException e) {
                wrong.add(OperationsPage.signature(method) + ": " + e.getMessage());
            }
        }
        assertEquals(List.of(), wrong, "these refuse and need @Refuses");
    }

    /** Calls a method with nulls and zeros; returns what it threw. */
    private static Optional<Throwable> call(Method method) throws ReflectiveOperationException {
        Object[] arguments =
                Arrays.stream(method.getParameterTypes())
                        .map(type -> Array.get(Array.newInstance(type, 1), 0))
                        .toArray();
        method.setAccessible(true);
        try (NDManager manager = Target.CPU.newManager();
                Model model = Model.newInstance("none", OktoEngine.ENGINE_NAME)) {
            NDArray array = manager.zeros(new Shape(2, 2));
            NDArrayEx extension = array.getNDArrayInternal();
            NDArrayIndexer indexer = extension.getIndexer(manager);
            Object target =
                    Stream.of(manager, array, extension, indexer, OktoEngine.get(), model)
                            .filter(method.getDeclaringClass()::isInstance)
                            .findFirst()
                            .orElse(null);
            method.invoke(target, arguments);
            return Optional.empty();
        } catch (InvocationTargetException e) {
            return Optional.of(e.getCause());
        }
    }

    @Test
    void everyReasonIsSomeMethods() {
        Set<Refusal> used = EnumSet.noneOf(Refusal.class);
        page.refusing().forEach(method -> used.add(method.getAnnotation(Refuses.class).value()));
        assertEquals(EnumSet.allOf(Refusal.class), used);
    }

    @Test
    void whatRefusesIsMarkedWithTheSameReason() {
        List<String> wrong = new ArrayList<>();
        for (JavaMethod method : engineMethods()) {
            boolean throwing =
                    method.getMethodCallsFromSelf().stream().anyMatch(OperationsPage::callsRefusal);
            Set<String> reasons = new TreeSet<>();
            for (JavaFieldAccess access : method.getFieldAccesses()) {
                if (access.getTargetOwner().isEquivalentTo(Refusal.class)) {
                    reasons.add(access.getName());
                }
            }
            Set<String> marked =
                    method.isAnnotatedWith(Refuses.class)
                            ? Set.of(method.getAnnotationOfType(Refuses.class).value().name())
                            : Set.of();
            if (!marked.equals(throwing ? reasons : Set.of())) {
                wrong.add(method.getFullName());
            }
        }
        assertEquals(List.of(), wrong, "marked with @Refuses and not refusing, or the reverse");
    }

    @Test
    void nothingElseThrowsThatAnOperationIsUnsupported() {
        List<String> wrong = new ArrayList<>();
        for (JavaMethod method : engineMethods()) {
            boolean making =
                    method.getConstructorCallsFromSelf().stream()
                            .anyMatch(OperationsPage::makesUnsupported);
            if (making && !method.getOwner().getSimpleName().equals("Unavailable")) {
                wrong.add(method.getFullName());
            }
        }
        assertEquals(List.of(), wrong, "these throw what Unavailable.because and @Refuses are for");
    }

    /** What DJL's default methods cannot do must be overridden. */
    @Test
    void noMethodOfDjlThrowsBehindOurBack() {
        List<String> throwing =
                page.implementations()
                        .filter(page::throwsInDjl)
                        .map(OperationsPage::signature)
                        .toList();
        assertEquals(List.of(), throwing, "DJL's own code throws here and is not overridden");
    }

    /**
     * The methods of the array surface; backends have their own ways to say what types they take.
     */
    private static List<JavaMethod> engineMethods() {
        return page.classes().stream()
                .filter(type -> type.getPackageName().equals("org.oktoblas.engine"))
                .flatMap(type -> type.getMethods().stream())
                .filter(OperationsPage::isWritten)
                .toList();
    }
}

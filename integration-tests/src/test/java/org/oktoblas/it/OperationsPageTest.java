package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Model;
import ai.djl.ndarray.NDManager;
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
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
        List<String> called = new ArrayList<>();
        try (NDManager manager = Target.CPU.newManager();
                Model model = Model.newInstance("none", OktoEngine.ENGINE_NAME)) {
            List<Object> targets =
                    List.of(
                            manager,
                            manager.zeros(new Shape(2, 2)),
                            manager.zeros(new Shape(2, 2)).getNDArrayInternal(),
                            manager.zeros(new Shape(2, 2)).getNDArrayInternal().getIndexer(manager),
                            OktoEngine.get(),
                            model);
            for (Method method : page.refusing().toList()) {
                if (method.getAnnotation(Refuses.class).when().isEmpty()) {
                    refuses(method, targets);
                    called.add(OperationsPage.signature(method));
                }
            }
        }
        assertTrue(called.stream().anyMatch(name -> name.contains("createCSR")), called.toString());
    }

    private static void refuses(Method method, List<Object> targets)
            throws ReflectiveOperationException {
        String name = OperationsPage.signature(method);
        Object target =
                targets.stream()
                        .filter(method.getDeclaringClass()::isInstance)
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("nothing to call " + name + " on"));
        Object[] arguments =
                Arrays.stream(method.getParameterTypes())
                        .map(type -> Array.get(Array.newInstance(type, 1), 0))
                        .toArray();
        method.setAccessible(true);
        var thrown =
                assertThrows(
                        InvocationTargetException.class,
                        () -> method.invoke(target, arguments),
                        name);
        assertEquals(UnsupportedOperationException.class, thrown.getCause().getClass(), name);
        String reason = method.getAnnotation(Refuses.class).value().reason();
        String message = thrown.getCause().getMessage();
        assertTrue(message.endsWith(": " + reason + "."), message);
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

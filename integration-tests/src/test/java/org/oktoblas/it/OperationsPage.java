package org.oktoblas.it;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDArrayIndexer;
import ai.djl.ndarray.internal.NDArrayEx;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.oktoblas.engine.OktoNDArray;
import org.oktoblas.engine.OktoNDArrayEx;
import org.oktoblas.engine.OktoNDArrayIndexer;
import org.oktoblas.engine.OktoNDManager;
import org.oktoblas.engine.Refuses;

/**
 * Every public method of DJL's arrays, and what this engine does with it, read from the compiled
 * code: which method of ours or DJL's is called, whether it is marked as one that refuses, and
 * whether it ends in one that is.
 */
final class OperationsPage {

    /** The packages that are read. */
    private static final String[] PACKAGES = {"ai.djl.ndarray", "org.oktoblas.engine"};

    private static final String UNAVAILABLE = "org.oktoblas.engine.Unavailable";

    private static final String WORKS = "works";

    /** DJL's types, and the classes of this engine that stand behind them. */
    private static final Map<Class<?>, Class<?>> APIS = apis();

    private final JavaClasses classes =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    // The engine's tests come as a jar.
                    .withImportOption(location -> !location.contains("-tests.jar"))
                    .importPackages(PACKAGES);
    private final Map<Method, String> verdicts = new HashMap<>();

    private static Map<Class<?>, Class<?>> apis() {
        Map<Class<?>, Class<?>> apis = new LinkedHashMap<>();
        apis.put(NDManager.class, OktoNDManager.class);
        apis.put(NDArray.class, OktoNDArray.class);
        apis.put(NDArrayEx.class, OktoNDArrayEx.class);
        apis.put(NDArrayIndexer.class, OktoNDArrayIndexer.class);
        apis.put(NDArrays.class, NDArrays.class);
        return apis;
    }

    /** All of DJL's classes and ours that were read. */
    JavaClasses classes() {
        return classes;
    }

    /** The methods that run where a program calls one of DJL's, in the order of the page. */
    Stream<Method> implementations() {
        return APIS.keySet().stream().flatMap(OperationsPage::methods).map(this::implementation);
    }

    /** Whether DJL's own code of a method throws that the operation is not supported. */
    boolean throwsInDjl(Method method) {
        return method.getDeclaringClass().getName().startsWith("ai.djl.")
                && code(method).getConstructorCallsFromSelf().stream()
                        .anyMatch(OperationsPage::makesUnsupported);
    }

    static boolean makesUnsupported(JavaCall<?> call) {
        return call.getTargetOwner().isEquivalentTo(UnsupportedOperationException.class);
    }

    /** Returns a method's name and the types it takes, as {@code NDArray.add(Number)}. */
    static String signature(Method method) {
        return method.getDeclaringClass().getSimpleName()
                + "."
                + method.getName()
                + parameters(method);
    }

    /** Returns the page. */
    String markdown() {
        StringBuilder text = new StringBuilder();
        text.append(
                """
                # Operations of DJL's arrays

                Every public method of DJL %s's array types, and what becomes of a call on this engine.
                The page is written by `OperationsPageTest` from the compiled code: a method works
                unless it is marked as one that refuses or ends in one that is, and that test calls those.
                The CPU and CUDA run the same methods over the same primitives, so one word is for both.

                """
                        .formatted(Engine.getDjlVersion()));
        StringBuilder tables = new StringBuilder();
        text.append("| type | methods | work | work in part | do not |\n|---|--:|--:|--:|--:|\n");
        for (Class<?> api : APIS.keySet()) {
            List<Method> methods = methods(api).toList();
            text.append(row(api, methods));
            tables.append("\n## ").append(api.getSimpleName()).append("\n\n");
            tables.append("| method | takes | on CPU and CUDA |\n|---|---|---|\n");
            Map<String, List<Method>> rows =
                    methods.stream()
                            .collect(
                                    Collectors.groupingBy(
                                            method ->
                                                    method.getName()
                                                            + "` | %s | "
                                                            + verdict(method),
                                            LinkedHashMap::new,
                                            Collectors.toList()));
            rows.forEach(
                    (row, same) ->
                            tables.append("| `")
                                    .append(row.formatted(parameters(same)))
                                    .append(" |\n"));
        }
        return text.append(tables).append(elsewhere()).toString();
    }

    private String row(Class<?> api, List<Method> methods) {
        long works = methods.stream().filter(method -> verdict(method).equals(WORKS)).count();
        long part = methods.stream().filter(method -> verdict(method).startsWith(WORKS)).count();
        return "| %s | %d | %d | %d | %d |\n"
                .formatted(
                        api.getSimpleName(),
                        methods.size(),
                        works,
                        part - works,
                        methods.size() - part);
    }

    /** What else is refused: by methods of the engine, or wherever an array is of some kind. */
    private String elsewhere() {
        List<Method> listed = implementations().toList();
        Map<String, String> rows = new TreeMap<>();
        refusing()
                .filter(method -> !listed.contains(method))
                .forEach(
                        method -> {
                            Refuses mark = method.getAnnotation(Refuses.class);
                            String where = mark.when().isEmpty() ? "" : "where " + mark.when();
                            String what =
                                    Modifier.isPublic(method.getModifiers())
                                            ? "`%s` ".formatted(signature(method))
                                            : "";
                            rows.put((what + where).strip(), mark.value().reason());
                        });
        StringBuilder text = new StringBuilder("\n## What else is refused\n\n");
        text.append("| what | why |\n|---|---|\n");
        rows.forEach((what, why) -> text.append("| %s | %s |\n".formatted(what, why)));
        return text.toString();
    }

    /** All methods of the engine that are marked as refusing. */
    Stream<Method> refusing() {
        return classes.stream()
                .filter(type -> type.getPackageName().startsWith("org.oktoblas.engine"))
                .flatMap(type -> type.getMethods().stream())
                .filter(method -> method.isAnnotatedWith(Refuses.class))
                .filter(OperationsPage::isWritten)
                .map(JavaMethod::reflect);
    }

    /** Whether somebody wrote the method: the compiler adds others that return a wider type. */
    static boolean isWritten(JavaMethod method) {
        return !method.getModifiers().contains(JavaModifier.BRIDGE);
    }

    /** Public methods in the order of the page, once each. */
    private static Stream<Method> methods(Class<?> api) {
        Map<String, Method> methods = new TreeMap<>();
        for (Method method : api.getMethods()) {
            if (method.getDeclaringClass() != Object.class && !method.isSynthetic()) {
                methods.put(method.getName() + " " + parameters(method), method);
            }
        }
        return methods.values().stream()
                .sorted(
                        Comparator.comparing(Method::getName)
                                .thenComparing(Method::getParameterCount)
                                .thenComparing(OperationsPage::parameters));
    }

    private static String parameters(Method method) {
        return Arrays.stream(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(", ", "(", ")"));
    }

    private static String parameters(List<Method> overloads) {
        return overloads.stream()
                .map(method -> "`%s`".formatted(parameters(method)))
                .collect(Collectors.joining(", "));
    }

    /** Returns what runs if a program calls a method of DJL's on this engine. */
    private Method implementation(Method method) {
        Class<?> ours =
                APIS.entrySet().stream()
                        .filter(api -> method.getDeclaringClass().isAssignableFrom(api.getKey()))
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .orElseThrow();
        for (Class<?> type = ours; type != null; type = type.getSuperclass()) {
            for (Method own : type.getDeclaredMethods()) {
                // What the compiler added only goes on to what somebody wrote.
                boolean written = !own.isBridge() && !Modifier.isAbstract(own.getModifiers());
                if (written && sameCall(own, method)) {
                    return own;
                }
            }
        }
        // A method of DJL's interface that no class overrides.
        return method;
    }

    private static boolean sameCall(Method one, Method other) {
        return one.getName().equals(other.getName())
                && Arrays.equals(one.getParameterTypes(), other.getParameterTypes());
    }

    /** Whether the page says that one of {@link #implementations} works, if only in part. */
    boolean works(Method implementation) {
        return verdictOf(implementation).startsWith(WORKS);
    }

    private String verdict(Method method) {
        return verdictOf(implementation(method));
    }

    private String verdictOf(Method implementation) {
        String known = verdicts.get(implementation);
        if (known == null) {
            // Whatever calls itself works, unless something else in it does not.
            verdicts.put(implementation, WORKS);
            known = judge(implementation);
            verdicts.put(implementation, known);
        }
        return known;
    }

    private String judge(Method method) {
        Refuses mark = method.getAnnotation(Refuses.class);
        if (mark != null) {
            return mark.when().isEmpty()
                    ? "refused: " + mark.value().reason()
                    : WORKS + ", but not where " + mark.when() + ": " + mark.value().reason();
        }
        if (throwsInDjl(method)) {
            return "missing in this version";
        }
        if (method.getDeclaringClass().getName().startsWith("org.oktoblas.")) {
            return WORKS;
        }
        // DJL's own code goes on to other methods of its interfaces.
        return code(method).getMethodCallsFromSelf().stream()
                .map(OperationsPage::target)
                .flatMap(Optional::stream)
                .sorted(Comparator.comparing(OperationsPage::signature))
                .map(this::verdict)
                .filter(verdict -> !verdict.startsWith(WORKS))
                .findFirst()
                .orElse(WORKS);
    }

    static boolean callsRefusal(JavaCall<?> call) {
        return call.getTargetOwner().getName().equals(UNAVAILABLE)
                && call.getName().equals("because");
    }

    private JavaMethod code(Method method) {
        JavaClass owner = classes.get(method.getDeclaringClass());
        return owner.getMethod(method.getName(), method.getParameterTypes());
    }

    /** Returns the method of DJL's interfaces that a call is for, if it is one. */
    private static Optional<Method> target(JavaCall<?> call) {
        for (Class<?> api : APIS.keySet()) {
            if (call.getTargetOwner().isEquivalentTo(api)) {
                List<String> types =
                        call.getTarget().getRawParameterTypes().stream()
                                .map(JavaClass::getName)
                                .toList();
                return methods(api)
                        .filter(method -> method.getName().equals(call.getName()))
                        .filter(
                                method ->
                                        Arrays.stream(method.getParameterTypes())
                                                .map(Class::getName)
                                                .toList()
                                                .equals(types))
                        .findFirst();
            }
        }
        return Optional.empty();
    }
}

package org.oktoblas.it.differential;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.internal.NDArrayEx;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Whatever DJL's arrays and managers offer is in the list of operations that are compared, or is
 * named here with the test that has it.
 */
class OperationListTest {

    private static final List<Class<?>> APIS =
            List.of(NDManager.class, NDArray.class, NDArrayEx.class, NDArrays.class);

    /** What only says what an array or a manager is, or names it. */
    private static final Set<String> ACCESSORS =
            Set.of(
                    "NDArray.getName",
                    "NDArray.setName",
                    "NDArray.getUid",
                    "NDArray.getDataType",
                    "NDArray.getDevice",
                    "NDArray.getShape",
                    "NDArray.getSparseFormat",
                    "NDArray.isSparse",
                    "NDArray.isScalar",
                    "NDArray.getManager",
                    "NDArray.getNDArrayInternal",
                    "NDArray.getResourceNDArrays",
                    "NDArray.isReleased",
                    "NDArray.getAsObject",
                    "NDArrayEx.getArray",
                    "NDArrayEx.getIndexer",
                    "NDManager.getName",
                    "NDManager.setName",
                    "NDManager.getDevice",
                    "NDManager.defaultDevice",
                    "NDManager.getEngine",
                    "NDManager.getParentManager",
                    "NDManager.isOpen",
                    "NDManager.nextUid");

    /** What cannot be compared over drawn arrays, by the class of the tests that have it. */
    private static final Map<String, List<String>> ELSEWHERE =
            Map.of(
                    "LifecycleParityLaws",
                    List.of(
                            "NDArray.attach",
                            "NDArray.close",
                            "NDArray.detach",
                            "NDArray.returnResource",
                            "NDArray.tempAttach",
                            "NDManager.attachAll",
                            "NDManager.attachInternal",
                            "NDManager.attachUncappedInternal",
                            "NDManager.cap",
                            "NDManager.close",
                            "NDManager.detachInternal",
                            "NDManager.getManagedArrays",
                            "NDManager.newSubManager",
                            "NDManager.ret",
                            "NDManager.subManagerOf",
                            "NDManager.tempAttachAll",
                            "NDManager.tempAttachInternal"),
                    "LeakLaws",
                    List.of("NDArray.intern"),
                    "ManagerLaws",
                    List.of(
                            "NDArray.getGradient",
                            "NDArray.hasGradient",
                            "NDArray.setRequiresGradient",
                            "NDManager.allocateDirect",
                            "NDManager.createCSR",
                            "NDManager.createCoo",
                            "NDManager.createRowSparse",
                            "NDManager.from",
                            "NDManager.invoke",
                            "NDManager.newBaseManager"),
                    "StaticMethodsLaws",
                    List.of("NDArray.scaleGradient", "NDArray.toSparse"),
                    "StringsLaws",
                    List.of("NDArray.toStringArray"),
                    "PipelineLaws",
                    List.of("NDArray.getAsString"),
                    "SerializationLaws",
                    List.of("NDManager.load"),
                    "MultiBoxLaws",
                    List.of(
                            "NDArrayEx.multiBoxDetection",
                            "NDArrayEx.multiBoxPrior",
                            "NDArrayEx.multiBoxTarget"),
                    "AugmentationLaws",
                    List.of(
                            "NDArrayEx.randomBrightness",
                            "NDArrayEx.randomColorJitter",
                            "NDArrayEx.randomFlipLeftRight",
                            "NDArrayEx.randomFlipTopBottom",
                            "NDArrayEx.randomHue"),
                    "DistributionLaws",
                    List.of(
                            "NDManager.randomInteger",
                            "NDManager.randomMultinomial",
                            "NDManager.randomNormal",
                            "NDManager.randomPermutation",
                            "NDManager.randomUniform",
                            "NDManager.sampleGamma",
                            "NDManager.sampleNormal",
                            "NDManager.samplePoisson",
                            "NDManager.truncatedNormal"));

    @Test
    void everyOperationIsListed() {
        Set<String> methods = methods();
        Set<String> missing = new TreeSet<>(methods);
        missing.removeAll(listed());
        missing.removeAll(ACCESSORS);
        missing.removeAll(elsewhere().keySet());
        assertEquals(Set.of(), missing, "Operations that are compared nowhere");
    }

    @Test
    void exceptionsAreNeeded() {
        Set<String> stale = new TreeSet<>(elsewhere().keySet());
        stale.addAll(ACCESSORS);
        stale.removeAll(methods());
        assertEquals(Set.of(), stale, "No methods of DJL's");
        Set<String> twice = new TreeSet<>(elsewhere().keySet());
        twice.addAll(ACCESSORS);
        twice.retainAll(listed());
        assertEquals(Set.of(), twice, "Methods that are in the list of operations as well");
        for (String test : ELSEWHERE.keySet()) {
            assertDoesNotThrow(() -> Class.forName("org.oktoblas.it." + test));
        }
        assertTrue(listed().size() > 200, "Methods found in the names of operations");
    }

    private static Map<String, String> elsewhere() {
        Map<String, String> tests = new TreeMap<>();
        ELSEWHERE.forEach((test, names) -> names.forEach(name -> tests.put(name, test)));
        return tests;
    }

    /** Returns the public methods, as {@code NDArray.add}, once for all that take other types. */
    private static Set<String> methods() {
        return APIS.stream()
                .flatMap(
                        api ->
                                Arrays.stream(api.getMethods())
                                        .filter(method -> !method.isSynthetic())
                                        .filter(method -> !isObjects(method))
                                        .map(
                                                method ->
                                                        api.getSimpleName()
                                                                + "."
                                                                + method.getName()))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static boolean isObjects(Method method) {
        return method.getDeclaringClass() == Object.class;
    }

    /** Returns the methods that the names of operations tell. */
    private static Set<String> listed() {
        Pattern call = Pattern.compile("\\bND(?:Array|ArrayEx|Arrays|Manager)\\.\\w+(?=\\()");
        Set<String> names = new TreeSet<>();
        for (Operation operation : Operations.all()) {
            Matcher matcher = call.matcher(operation.name());
            while (matcher.find()) {
                names.add(matcher.group());
            }
        }
        return names;
    }
}

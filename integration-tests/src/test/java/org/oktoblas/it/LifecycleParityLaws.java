package org.oktoblas.it;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.oktoblas.engine.OktoEngine;

/**
 * Who owns arrays, who is open, and what is refused, told step by step: the same story on this
 * engine and on DJL's PyTorch engine.
 */
abstract class LifecycleParityLaws extends EngineParity {

    private final Target ours;

    LifecycleParityLaws(Target ours) {
        super(ours);
        this.ours = ours;
    }

    private interface Step {
        Object run() throws Exception;
    }

    /** What happened, one line a step. */
    private static final class Story {
        private final StringBuilder text = new StringBuilder();

        void tell(String name, Step step) {
            text.append(name).append(": ");
            try {
                text.append(step.run());
            } catch (Exception e) {
                text.append(e.getClass().getSimpleName());
            }
            text.append('\n');
        }

        void run(String name, Runnable step) {
            tell(
                    name,
                    () -> {
                        step.run();
                        return "done";
                    });
        }

        /** Tells of an array whether it is closed, and which of some managers has it. */
        void array(String name, NDArray array, NDManager... managers) {
            tell(name + " closed", array::isReleased);
            for (int i = 0; i < managers.length; i++) {
                NDManager manager = managers[i];
                tell(name + " belongs to " + i, () -> array.getManager() == manager);
                tell(name + " listed by " + i, () -> lists(manager, array));
            }
            tell(name + " readable", () -> array.toFloatArray()[0]);
        }

        private static boolean lists(NDManager manager, NDArray array) {
            return manager.getManagedArrays().stream().anyMatch(other -> other == array);
        }

        void manager(String name, NDManager manager) {
            tell(name + " open", manager::isOpen);
            tell(name + " arrays", () -> manager.getManagedArrays().size());
        }
    }

    private void story(String name, BiConsumer<Story, NDManager> body) {
        texts(
                name,
                manager -> {
                    Story story = new Story();
                    body.accept(story, manager);
                    return story.text.toString();
                });
    }

    @TestFactory
    List<DynamicTest> attachment() {
        story(
                "attach",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDManager b = m.newSubManager();
                    NDArray array = a.ones(new Shape(2));
                    s.array("made", array, a, b, m);
                    array.attach(b);
                    s.array("attached", array, a, b, m);
                    array.attach(b);
                    s.array("attached again", array, a, b, m);
                    a.close();
                    s.array("after the first", array, b);
                    b.close();
                    s.array("after the second", array, b);
                    s.manager("all", m);
                });
        story(
                "detach",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray array = a.ones(new Shape(2));
                    array.detach();
                    s.array("detached", array, a);
                    s.tell("above", () -> array.getManager().getParentManager());
                    a.close();
                    s.array("after its manager", array);
                    array.detach();
                    NDArray result = array.add(1);
                    s.tell("results", () -> result.getManager() == array.getManager());
                    result.close();
                    array.attach(m);
                    s.array("back", array, m);
                    array.close();
                    s.array("closed", array, m);
                });
        story(
                "attach all, and return to the manager above",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray x = m.ones(new Shape(1));
                    NDArray y = m.ones(new Shape(1));
                    a.attachAll(x, y);
                    s.array("x", x, a, m);
                    s.tell("ret", () -> a.ret(x) == x);
                    s.array("x returned", x, a, m);
                    a.close();
                    s.array("x", x, m);
                    s.array("y", y, m);
                });
        story(
                "lists",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDList list = new NDList(m.ones(new Shape(1)), m.ones(new Shape(1)));
                    list.attach(a);
                    s.tell("manager", () -> list.getManager() == a);
                    s.array("attached", list.get(1), a, m);
                    list.detach();
                    s.array("detached", list.get(1), a, m);
                    list.attach(m);
                    list.tempAttach(a);
                    s.array("lent", list.get(1), a, m);
                    a.close();
                    s.array("returned", list.get(1), m);
                    s.tell("resources", () -> list.getResourceNDArrays().size());
                    NDArray last = list.get(1);
                    list.close();
                    s.array("closed", last, m);
                });
        story(
                "sub-manager of a resource",
                (s, m) -> {
                    NDArray array = m.ones(new Shape(1));
                    try (NDManager of = NDManager.subManagerOf(array)) {
                        s.tell("parent", () -> of.getParentManager() == m);
                        s.tell("device", () -> of.getDevice().equals(m.getDevice()));
                    }
                    try (NDManager of = NDManager.subManagerOf(new NDList(array))) {
                        s.tell("parent", () -> of.getParentManager() == m);
                    }
                });
        return tests;
    }

    @TestFactory
    List<DynamicTest> temporaryAttachment() {
        story(
                "lent and returned",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray array = m.ones(new Shape(2));
                    a.tempAttachAll(array);
                    s.array("lent", array, a, m);
                    a.close();
                    s.array("returned", array, a, m);
                });
        story(
                "lent, whose owner closes first",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDManager b = m.newSubManager();
                    NDArray array = a.ones(new Shape(2));
                    array.tempAttach(b);
                    a.close();
                    s.array("owner closed", array, a, b);
                    b.close();
                    s.array("both closed", array, a, b);
                    s.manager("all", m);
                });
        story(
                "lent twice over",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDManager b = m.newSubManager();
                    NDArray array = m.ones(new Shape(2));
                    array.tempAttach(a);
                    array.tempAttach(b);
                    s.array("lent", array, a, b, m);
                    b.close();
                    s.array("one back", array, a, b, m);
                    a.close();
                    s.array("both back", array, a, b, m);
                });
        story(
                "lent twice over, the first closes first",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDManager b = m.newSubManager();
                    NDArray array = m.ones(new Shape(2));
                    array.tempAttach(a);
                    array.tempAttach(b);
                    a.close();
                    s.array("first", array, a, b, m);
                    b.close();
                    s.array("second", array, a, b, m);
                });
        story(
                "lent and detached",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray array = m.ones(new Shape(2));
                    array.tempAttach(a);
                    array.detach();
                    s.array("detached", array, m);
                    a.close();
                    s.array("after", array, m);
                    array.close();
                });
        story(
                "lent and attached elsewhere",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDManager b = m.newSubManager();
                    NDArray array = m.ones(new Shape(2));
                    array.tempAttach(a);
                    array.attach(b);
                    s.array("attached", array, b, m);
                    a.close();
                    s.array("lender closed", array, b, m);
                    b.close();
                    s.array("owner closed", array, b, m);
                });
        story(
                "lent and closed",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray array = m.ones(new Shape(2));
                    array.tempAttach(a);
                    array.close();
                    s.tell("closed", array::isReleased);
                    s.run("closing the lender", a::close);
                    s.tell("still closed", array::isReleased);
                });
        story(
                "returned past a cap",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDManager b = m.newSubManager();
                    NDArray array = a.ones(new Shape(2));
                    array.tempAttach(b);
                    a.cap();
                    b.close();
                    s.array("returned", array, a, b);
                });
        story(
                "lent to a closed manager",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    a.close();
                    NDArray array = m.ones(new Shape(2));
                    s.run("lend", () -> array.tempAttach(a));
                });
        return tests;
    }

    @TestFactory
    List<DynamicTest> closing() {
        story(
                "a manager closes those below",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDManager b = a.newSubManager(m.getDevice());
                    NDManager c = b.newSubManager();
                    NDArray x = a.ones(new Shape(1));
                    NDArray y = c.ones(new Shape(1));
                    s.manager("a", a);
                    s.manager("m", m);
                    s.tell("parent", () -> c.getParentManager() == b);
                    a.close();
                    for (NDManager manager : List.of(a, b, c, m)) {
                        s.manager("after", manager);
                    }
                    s.array("x", x);
                    s.array("y", y);
                });
        story(
                "closing twice",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray array = a.ones(new Shape(1));
                    s.run("array", array::close);
                    s.run("array again", array::close);
                    s.manager("a", a);
                    s.run("manager", a::close);
                    s.run("manager again", a::close);
                    s.run("array after its manager", array::close);
                });
        story(
                "use after close",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray lost = a.ones(new Shape(2));
                    NDArray other = m.ones(new Shape(2));
                    a.close();
                    s.run("zeros", () -> a.zeros(new Shape(2)));
                    s.run("create", () -> a.create(1f));
                    s.run("sub-manager", a::newSubManager);
                    s.run("attach", () -> other.attach(a));
                    s.run("add", () -> lost.add(1));
                    s.run("add to", () -> other.add(lost));
                    s.run("elements", lost::toFloatArray);
                    s.tell("text", lost::toString);
                    s.tell("name", () -> a.getName().isEmpty());
                    s.tell("arrays", () -> a.getManagedArrays().size());
                });
        story(
                "cap",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    NDArray before = a.ones(new Shape(2));
                    NDArray other = m.ones(new Shape(2));
                    a.cap();
                    s.run("create", () -> a.create(1f));
                    s.run("result", () -> before.add(1));
                    s.run("view", () -> before.get(0));
                    s.run("attach", () -> m.ones(new Shape(1)).attach(a));
                    NDManager below = a.newSubManager();
                    s.run("below", () -> below.create(1f));
                    s.run("view below", () -> before.get(below, new NDIndex("0")));
                    s.run("lend", () -> before.tempAttach(below));
                    s.run("borrow", () -> other.tempAttach(a));
                    s.array("lent", before, a, below);
                    s.array("borrowed", other, a, m);
                    a.close();
                    s.array("lent", before);
                    s.array("borrowed", other, m);
                });
        story(
                "the manager above all",
                (s, m) -> {
                    NDArray array = m.ones(new Shape(1));
                    array.detach();
                    NDManager system = array.getManager();
                    s.tell("open", system::isOpen);
                    s.run("close", system::close);
                    s.run("lend to it", () -> m.ones(new Shape(1)).tempAttach(system));
                    s.tell("still open", system::isOpen);
                    array.close();
                });
        story(
                "texts",
                (s, m) -> {
                    NDManager a = m.newSubManager();
                    s.tell("name is the uid", () -> a.getName().startsWith("uid-"));
                    m.setName("outer");
                    a.setName("inner");
                    a.ones(new Shape(2));
                    s.tell("name", a::getName);
                    s.tell("text", a::toString);
                    a.newSubManager().ones(new Shape(2));
                    s.tell("dump", () -> dump(a));
                    a.close();
                    s.tell("text", a::toString);
                });
        return tests;
    }

    /** What debugDump prints, uids aside. */
    private static String dump(NDManager manager) {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (PrintStream captured = new PrintStream(out, true, StandardCharsets.UTF_8)) {
            System.setOut(captured);
            ((BaseNDManager) manager).debugDump(1);
        } finally {
            System.setOut(before);
        }
        return out.toString(StandardCharsets.UTF_8).replaceAll("uid-[-0-9]+", "uid");
    }

    @TestFactory
    List<DynamicTest> scopes() {
        story(
                "a scope closes its arrays",
                (s, m) -> {
                    List<NDArray> arrays = new ArrayList<>();
                    NDArray outside = m.ones(new Shape(2, 2));
                    try (NDScope scope = new NDScope()) {
                        scope.suppressNotUsedWarning();
                        arrays.add(m.create(new float[] {1, 2}));
                        arrays.add(arrays.get(0).add(1));
                        arrays.add(outside.get(0));
                        arrays.add(outside.addi(1));
                        arrays.add(m.zeros(new Shape(2)));
                        NDScope.unregister(arrays.get(4));
                    }
                    for (NDArray array : arrays) {
                        s.array("array", array, m);
                    }
                    s.manager("m", m);
                });
        story(
                "scopes within scopes",
                (s, m) -> {
                    List<NDArray> arrays = new ArrayList<>();
                    try (NDScope outer = new NDScope()) {
                        outer.suppressNotUsedWarning();
                        arrays.add(m.ones(new Shape(2)));
                        try (NDScope inner = new NDScope()) {
                            inner.suppressNotUsedWarning();
                            arrays.add(m.ones(new Shape(2)));
                            NDArray kept = m.ones(new Shape(2));
                            NDArray listed = m.ones(new Shape(2));
                            NDScope.unregister(kept, kept);
                            NDScope.unregister(new NDList(listed));
                            // The inner scope does not know it.
                            NDScope.unregister(arrays.get(0));
                            arrays.add(kept);
                            arrays.add(listed);
                        }
                        for (NDArray array : arrays) {
                            s.array("inside", array, m);
                        }
                    }
                    for (NDArray array : arrays) {
                        s.array("outside", array, m);
                    }
                    s.run("without a scope", () -> NDScope.unregister(arrays.get(0)));
                });
        story(
                "a manager within a scope",
                (s, m) -> {
                    NDArray kept;
                    try (NDScope scope = new NDScope();
                            NDManager a = m.newSubManager()) {
                        scope.suppressNotUsedWarning();
                        kept = a.ones(new Shape(1));
                        kept.attach(m);
                        NDScope.unregister(kept);
                    }
                    s.array("kept", kept, m);
                });
        return tests;
    }

    /** It makes no array; PyTorch's engine makes one of the number. */
    @Test
    void inPlaceOperationsNeedNoRoomUnderACap() {
        try (NDManager manager = ours.newManager()) {
            NDArray array = manager.ones(new Shape(2));
            manager.cap();
            array.addi(1).muli(array);
            assertArrayEquals(new float[] {4, 4}, array.toFloatArray());
        }
    }

    @Test
    void namesAndUids() {
        try (NDManager manager = ours.newManager()) {
            Set<String> uids = new HashSet<>();
            for (int i = 0; i < 100; i++) {
                NDArray array = manager.create(i);
                assertTrue(uids.add(array.getUid()), array.getUid());
                assertEquals(null, array.getName());
                array.setName("a" + i);
                assertEquals("a" + i, array.getName());
                assertEquals("a" + i, array.duplicate().getName());
            }
        }
    }

    /** An array can only belong to a manager of its own engine. */
    @Test
    void managersOfOtherEnginesAreRefused() {
        try (NDManager other = ours.peer().newManager();
                NDManager own = ours.newManager()) {
            assumeFalse(ours.peer().engine().equals(ours.engine()), "no other engine is here");
            NDArray array = own.ones(new Shape(2));
            for (Runnable call :
                    List.<Runnable>of(
                            () -> array.attach(other),
                            () -> array.tempAttach(other),
                            () -> array.returnResource(other))) {
                IllegalArgumentException e =
                        assertThrows(IllegalArgumentException.class, call::run);
                assertTrue(e.getMessage().contains("from()"), e.getMessage());
            }
            assertEquals(own, array.getManager());
            assertFalse(array.isReleased());
        }
    }

    /** Threads that open, fill, lend and close managers below one that is shared. */
    @Test
    void threadsBelowOneManager() throws Exception {
        long before = OktoEngine.get().memoryUse(ours.device()).used();
        int threads = 8;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (NDManager shared = ours.newManager()) {
            NDArray common = shared.ones(new Shape(3));
            List<Future<Integer>> results = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                results.add(pool.submit(() -> work(shared, common)));
            }
            for (Future<Integer> result : results) {
                assertEquals(200, result.get());
            }
            assertEquals(1 + threads * 20, shared.getManagedArrays().size());
        } finally {
            pool.shutdownNow();
        }
        assertEquals(before, OktoEngine.get().memoryUse(ours.device()).used(), "bytes in use");
    }

    private static int work(NDManager shared, NDArray common) {
        int right = 0;
        for (int i = 0; i < 200; i++) {
            NDArray own = shared.create(new float[] {i, i, i});
            try (NDManager inner = shared.newSubManager();
                    NDScope scope = new NDScope()) {
                scope.suppressNotUsedWarning();
                own.tempAttach(inner);
                NDArray sum = own.add(common).sum();
                right += sum.getFloat() == 3 * (i + 1) ? 1 : 0;
                if (i % 10 == 0) {
                    NDArray kept = sum.duplicate();
                    NDScope.unregister(kept);
                    inner.ret(kept);
                }
            }
            own.close();
        }
        return right;
    }
}

package org.oktoblas.bench.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.oktoblas.cuda.ElementType;

/** What goes between Java and the peer's process. */
class PeerProcessTest {

    private static KernelCase task(String op) {
        return new KernelCase(
                "elementwise",
                op,
                op,
                Format.FP16,
                List.of(8, 4),
                Way.GRAPH,
                Metric.MICROSECONDS,
                0,
                0,
                1);
    }

    @Test
    void asksAndReadsAnswers() throws IOException {
        try (PeerProcess peer = FakePeer.open("sound")) {
            assertEquals("fake 1.0", peer.name());
            for (String op : List.of("add", "exp")) {
                try (Contender.Timed timed = peer.prepare(task(op), 3).orElseThrow()) {
                    assertEquals("fake 1.0 " + op + " fp16 [8,4], graph", timed.name());
                    assertEquals(2.5, timed.microseconds());
                }
            }
        }
    }

    @Test
    void aCaseThatFailsEndsNothing() throws IOException {
        try (PeerProcess peer = FakePeer.open("sound")) {
            CaseFailedException e =
                    assertThrows(CaseFailedException.class, () -> peer.prepare(task("relu"), 1));
            assertEquals("no relu here", e.getMessage());
            assertTrue(peer.prepare(task("add"), 1).isPresent());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "without torch, python9 has no PyTorch",
        "silent, it ended without an answer",
        "chatty, 'it answered \"Hello!\"'",
    })
    void whatCannotStartSaysWhy(String manner, String reason) {
        IOException e = assertThrows(IOException.class, () -> FakePeer.open(manner));
        assertEquals(reason, e.getMessage());
    }

    @Test
    void aPythonThatIsNotThereIsNamed() {
        IOException e = assertThrows(IOException.class, () -> PeerProcess.open("no-such-python"));
        assertTrue(e.getMessage().contains("no-such-python"), e.getMessage());
    }

    @Test
    void aDeathIsAnIOException() throws IOException {
        try (PeerProcess peer = FakePeer.open("mortal")) {
            Contender.Timed timed = peer.prepare(task("add"), 1).orElseThrow();
            assertThrows(IOException.class, timed::microseconds);
            timed.close();
        }
    }

    @Test
    void theScriptKnowsEveryOperation() throws IOException {
        String script;
        try (InputStream in = PeerProcess.class.getResourceAsStream("torch_peer.py")) {
            script = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        Stream<KernelCase> all =
                KernelBenchmark.TOPICS.keySet().stream()
                        .flatMap(topic -> KernelCases.of(topic, false).stream());
        all.forEach(
                task -> {
                    assertTrue(script.contains("\n    \"%s\": ".formatted(task.op())), task.op());
                    assertTrue(script.contains("\"%s\": torch.".formatted(task.format())));
                });
        assertEquals(4, Format.values().length);
        assertEquals(ElementType.F32, Format.TF32.type());
    }
}

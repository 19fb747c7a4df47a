package org.oktoblas.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The command as a process of its own, fed by a pipe as a shell does. */
@Tag("sources")
class PipeTest {

    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aPromptComesThroughAPipe() throws Exception {
        Process process =
                CommandProcess.infer(System.getProperty("java.class.path"), "--input", "-")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (var in = process.getOutputStream()) {
            in.write("Once upon a time\n".getBytes(StandardCharsets.UTF_8));
        }
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor());
        assertEquals(", the Captain's friend was", text.stripTrailing().substring(0, 26));
    }
}

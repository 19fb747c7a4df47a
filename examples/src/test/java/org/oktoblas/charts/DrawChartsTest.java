package org.oktoblas.charts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures of a small report. */
class DrawChartsTest {

    private static final String ROW =
            """
            {"case": "%s", "metric": "%s", "higherIsBetter": %s, "ours": %s, "peer": %s, "peerName": %s%s}
            """;

    private static String report(String... rows) {
        return """
        {"date": "2026-12-01", "commit": "abc1234", "device": "Some GPU", "rows": [%s]}
        """
                .formatted(String.join(", ", rows));
    }

    private static String decode(String name, Object ours, Object peer, String peerName) {
        return ROW.formatted(
                name,
                "decode_tokens_per_second",
                true,
                ours,
                peer,
                peerName,
                ", \"limit\": 9000.5, \"ofLimit\": 0.1");
    }

    @Test
    void aMetricOfSeveralCasesIsAPicture(@TempDir Path directory) throws Exception {
        System.setProperty("java.awt.headless", "true");
        Path report = directory.resolve("infer-some-gpu.json");
        Files.writeString(
                report,
                report(
                        decode("b1 <x>", 3000, 100, "\"torch a\""),
                        decode("b1 <x>", 3000, 900, "\"torch b\""),
                        decode("b8", null, 800, "\"torch a\""),
                        decode("b9", 20000.5, null, "null"),
                        ROW.formatted("b1", "cold_start_seconds", false, 1, 9, "\"torch a\"", "")));
        List<Path> pictures = DrawCharts.draw(report);
        Path picture = directory.resolve("infer-some-gpu-decode-tokens-per-second.png");
        assertEquals(List.of(picture), pictures);
        BufferedImage image = ImageIO.read(picture.toFile());
        Set<Integer> colours = new HashSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                colours.add(image.getRGB(x, y) & 0xFFFFFF);
            }
        }
        // Ours, both peers and the limit.
        assertTrue(colours.containsAll(Set.of(0x1B6E53, 0x8C8C8C, 0xC9B27C, 0xB03030)));
    }
}

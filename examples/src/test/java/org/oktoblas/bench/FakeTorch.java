package org.oktoblas.bench;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A process that answers as PyTorch's script does, in a way that its argument chooses: 5 ms to the
 * first token, 2 ms for every other, 300 MB, copies at 2 TB/s.
 */
final class FakeTorch {

    private static final double FIRST_MILLIS = 5;
    private static final double STEP_MILLIS = 2;

    private FakeTorch() {}

    static TorchPeer open(TorchPeer.Mode mode, String manner) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return TorchPeer.open(
                mode,
                List.of(
                        java,
                        "-cp",
                        System.getProperty("java.class.path"),
                        FakeTorch.class.getName(),
                        manner));
    }

    public static void main(String[] args) throws IOException {
        if (args[0].equals("bare")) {
            System.out.println("{\"error\": \"python9 has no Hugging Face transformers\"}");
            return;
        }
        System.out.println("{\"name\": \"fake " + args[0] + "\"}");
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int runs = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonObject request = new Gson().fromJson(line, JsonObject.class);
            String todo = request.get("do").getAsString();
            runs += todo.equals("run") ? 1 : 0;
            if (args[0].equals("mortal") && runs == 4) {
                return;
            }
            System.out.println(answer(args[0], todo, request));
        }
    }

    private static JsonObject answer(String manner, String todo, JsonObject request)
            throws IOException {
        JsonObject answer = new JsonObject();
        switch (todo) {
            case "copy" -> answer.addProperty("bytes_per_second", 2e12);
            case "save" -> {
                Path directory = Path.of(request.get("directory").getAsString());
                Files.writeString(directory.resolve("config.json"), "{}");
            }
            case "load" -> {}
            default -> run(manner, request, answer);
        }
        return answer;
    }

    private static void run(String manner, JsonObject request, JsonObject answer) {
        JsonArray prompts = request.getAsJsonArray("prompts");
        int tokens = request.get("tokens").getAsInt();
        if (manner.equals("narrow") && prompts.size() > 1) {
            answer.addProperty("failed", "OutOfMemoryError: too wide");
            return;
        }
        answer.addProperty("first_ms", FIRST_MILLIS);
        answer.addProperty("total_ms", FIRST_MILLIS + STEP_MILLIS * (tokens - 1));
        answer.addProperty("peak_bytes", 300e6);
        long[][] ids = new long[prompts.size()][manner.equals("hasty") ? 1 : tokens];
        answer.add("ids", new Gson().toJsonTree(ids));
    }
}

package org.oktoblas.bench.gpu;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** A process that answers as PyTorch's script does, in a way that its argument chooses. */
final class FakePeer {

    private FakePeer() {}

    static PeerProcess open(String manner) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return PeerProcess.open(
                List.of(
                        java,
                        "-cp",
                        System.getProperty("java.class.path"),
                        FakePeer.class.getName(),
                        manner));
    }

    public static void main(String[] args) throws IOException {
        switch (args[0]) {
            case "without torch" -> {
                System.out.println("{\"error\": \"python9 has no PyTorch\"}");
                return;
            }
            case "silent" -> {
                return;
            }
            case "chatty" -> {
                System.out.println("Hello!");
                return;
            }
            default -> System.out.println("{\"name\": \"fake 1.0\"}");
        }
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonObject request = new Gson().fromJson(line, JsonObject.class);
            String todo = request.get("do").getAsString();
            if (todo.equals("round") && args[0].equals("mortal")) {
                return;
            }
            System.out.println(answer(todo, request));
        }
    }

    private static String answer(String todo, JsonObject request) {
        if (todo.equals("round")) {
            return "{\"microseconds\": 2.5}";
        }
        if (todo.equals("release")) {
            return "{}";
        }
        String op = request.get("op").getAsString();
        return op.equals("relu")
                ? "{\"failed\": \"no relu here\"}"
                : "{\"label\": \"%s %s %s\"}"
                        .formatted(op, request.get("format").getAsString(), request.get("dims"));
    }
}

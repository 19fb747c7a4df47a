package org.oktoblas.zoo;

import ai.djl.modality.Input;
import ai.djl.translate.TranslateException;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.generate.StopReason;

/**
 * A request to continue text, and how its answer is written.
 *
 * @param prompts the texts
 * @param config how to continue them
 * @param json whether question and answer are JSON rather than text
 * @param list whether the prompts came as a list, and so does the answer
 */
record ServingRequest(List<String> prompts, GenerationConfig config, boolean json, boolean list) {

    /**
     * The request's content type, in lower case and without its parameters; "" if there is none.
     */
    static String contentType(Input input) {
        String type = input.getProperty("Content-Type", "");
        return type.split(";", 2)[0].trim().toLowerCase(Locale.ROOT);
    }

    /**
     * Reads a request.
     *
     * @throws TranslateException saying what is wrong with it
     */
    static ServingRequest read(Input input, GenerationConfig defaults) throws TranslateException {
        if (input.getContent().isEmpty()) {
            throw new TranslateException("The request has no content");
        }
        String data = input.getData().getAsString();
        if (!contentType(input).equals("application/json")) {
            return new ServingRequest(List.of(data), defaults, false, false);
        }
        try {
            return fromJson(JsonParser.parseString(data), defaults);
        } catch (JsonParseException | IllegalStateException | IllegalArgumentException e) {
            throw new TranslateException("The request makes no sense: " + e.getMessage(), e);
        }
    }

    private static ServingRequest fromJson(JsonElement root, GenerationConfig defaults) {
        if (!root.isJsonObject() || !root.getAsJsonObject().has("inputs")) {
            throw new IllegalArgumentException(
                    "expected {\"inputs\": \"a prompt\", \"parameters\": {…}}");
        }
        JsonElement inputs = root.getAsJsonObject().get("inputs");
        List<String> prompts = new ArrayList<>();
        if (inputs.isJsonArray()) {
            inputs.getAsJsonArray().forEach(prompt -> prompts.add(text(prompt)));
        } else {
            prompts.add(text(inputs));
        }
        Map<String, Object> parameters = new HashMap<>();
        JsonElement given = root.getAsJsonObject().get("parameters");
        if (given != null && !given.isJsonNull()) {
            given.getAsJsonObject()
                    .entrySet()
                    .forEach(entry -> parameters.put(entry.getKey(), value(entry)));
        }
        return new ServingRequest(
                prompts,
                GenerationSettings.read(parameters, defaults, true),
                true,
                inputs.isJsonArray());
    }

    private static String text(JsonElement prompt) {
        if (!prompt.isJsonPrimitive() || !prompt.getAsJsonPrimitive().isString()) {
            throw new IllegalArgumentException("\"inputs\" must be a string or a list of strings");
        }
        return prompt.getAsString();
    }

    private static String value(Map.Entry<String, JsonElement> entry) {
        if (!entry.getValue().isJsonPrimitive()) {
            throw new IllegalArgumentException(entry.getKey() + " must be a single value");
        }
        return entry.getValue().getAsString();
    }

    /** The answer's content type. */
    String responseType(boolean streamed) {
        if (!json) {
            return "text/plain; charset=utf-8";
        }
        return streamed ? "application/jsonlines" : "application/json";
    }

    /** The whole answer. */
    String response(List<GenerationResult> results) {
        if (!json) {
            return results.get(0).text();
        }
        JsonArray answers = new JsonArray();
        for (GenerationResult result : results) {
            JsonObject answer = new JsonObject();
            answer.addProperty("generated_text", result.text());
            answer.addProperty("generated_tokens", result.tokenIds().length);
            answer.addProperty("stop_reason", name(result.stopReason()));
            answers.add(answer);
        }
        return (list ? answers : answers.get(0)).toString();
    }

    /** A piece of a streamed answer. */
    String chunk(TextStream.Piece piece) {
        if (!json) {
            return piece.text();
        }
        JsonObject line = new JsonObject();
        line.addProperty("token_id", piece.tokenId());
        line.addProperty("text", piece.text());
        return line + "\n";
    }

    /** What ends a streamed answer. */
    String lastChunk(StopReason reason) {
        if (!json) {
            return "";
        }
        JsonObject line = new JsonObject();
        line.addProperty("stop_reason", name(reason));
        return line + "\n";
    }

    private static String name(StopReason reason) {
        return reason.name().toLowerCase(Locale.ROOT);
    }
}

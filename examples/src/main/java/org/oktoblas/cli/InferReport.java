package org.oktoblas.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.generate.StopReason;
import org.oktoblas.zoo.LanguageModel;

/** What {@code okto infer} says about its results. */
final class InferReport {

    private static final Gson GSON =
            new GsonBuilder().disableHtmlEscaping().serializeNulls().create();

    private final String engine;
    private final String device;
    private final String precision;
    private final Set<StopReason> stops = new TreeSet<>();
    private int prompts;
    private long tokens;
    private double firstMillis;
    private double totalMillis;

    InferReport(LanguageModel model) {
        engine = model.engineName();
        device = Devices.name(model.device());
        precision = model.precision();
    }

    /** Counts the results of one batch. */
    void add(List<GenerationResult> batch) {
        double batchMillis = 0;
        for (GenerationResult result : batch) {
            if (prompts++ == 0) {
                firstMillis = result.ttftMillis();
            }
            tokens += result.tokenIds().length;
            batchMillis = Math.max(batchMillis, result.totalMillis());
            stops.add(result.stopReason());
        }
        totalMillis += batchMillis;
    }

    /** Returns how many prompts were continued. */
    int prompts() {
        return prompts;
    }

    /** Returns a line about all results: times, speed, where it ran, and why it ended. */
    String summary() {
        double rate = totalMillis > 0 ? tokens * 1000 / totalMillis : 0;
        String reasons = String.join(" and ", stops.stream().map(InferReport::words).toList());
        return String.format(
                Locale.ROOT,
                "%s%d tokens in %.2f s: first after %.0f ms, %.1f tokens/s; %s on %s in %s; %s",
                prompts == 1 ? "" : prompts + " prompts, ",
                tokens,
                totalMillis / 1000,
                firstMillis,
                rate,
                engine,
                device,
                precision,
                reasons);
    }

    private static String words(StopReason reason) {
        return switch (reason) {
            case END_OF_TEXT -> "the text ended";
            case MAX_TOKENS -> "stopped at --max-tokens";
            case CONTEXT_FULL -> "stopped because the model's context is full";
            case CANCELLED -> "interrupted";
        };
    }

    /** Returns one result as a line of JSON. */
    String json(GenerationResult result) {
        JsonArray ids = new JsonArray();
        for (long id : result.tokenIds()) {
            ids.add(id);
        }
        JsonObject json = new JsonObject();
        json.addProperty("prompt", result.prompt());
        json.addProperty("text", result.text());
        json.add("token_ids", ids);
        json.addProperty("prompt_tokens", result.promptIds().length);
        json.addProperty("generated_tokens", result.tokenIds().length);
        json.addProperty("ttft_ms", round(result.ttftMillis()));
        json.addProperty("total_ms", round(result.totalMillis()));
        json.addProperty("tokens_per_second", round(result.tokensPerSecond()));
        json.addProperty("engine", engine);
        json.addProperty("device", device);
        json.addProperty("precision", precision);
        json.addProperty("stop_reason", result.stopReason().name().toLowerCase(Locale.ROOT));
        return GSON.toJson(json);
    }

    private static double round(double value) {
        return Math.round(value * 1000) / 1000.0;
    }
}

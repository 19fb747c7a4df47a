package org.oktoblas.it;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;

/**
 * One row of what Hugging Face transformers computed in float32.
 *
 * @param model the model's name
 * @param ids the prompt
 * @param lastLogits logits after the prompt, or null
 * @param greedy the greedy continuation
 * @param nll summed negative log-likelihood of the prompt after its first token, or NaN
 */
record Reference(String model, long[] ids, double[] lastLogits, long[] greedy, double nll) {

    /** Returns all rows of a fixture, batches taken apart. */
    static List<Reference> of(String model) {
        List<Reference> rows = new ArrayList<>();
        for (List<Reference> batch : batches(model)) {
            rows.addAll(batch);
        }
        return rows;
    }

    /** Returns a fixture's cases, each a batch of rows of one length. */
    static List<List<Reference>> batches(String model) {
        List<List<Reference>> batches = new ArrayList<>();
        for (JsonElement element : Models.expected(model).getAsJsonArray("cases")) {
            JsonObject one = element.getAsJsonObject();
            JsonArray ids = one.getAsJsonArray("input_ids");
            JsonElement nll = one.get("nll");
            List<Reference> rows = new ArrayList<>();
            for (int i = 0; i < ids.size(); i++) {
                rows.add(
                        new Reference(
                                model,
                                longs(ids.get(i)),
                                doubles(one.getAsJsonArray("last_logits").get(i)),
                                longs(one.getAsJsonArray("greedy").get(i)),
                                nll == null || nll.isJsonNull()
                                        ? Double.NaN
                                        : nll.getAsJsonArray().get(i).getAsDouble()));
            }
            batches.add(rows);
        }
        return batches;
    }

    static long[] longs(JsonElement array) {
        JsonArray values = array.getAsJsonArray();
        long[] longs = new long[values.size()];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = values.get(i).getAsLong();
        }
        return longs;
    }

    static double[] doubles(JsonElement array) {
        JsonArray values = array.getAsJsonArray();
        double[] doubles = new double[values.size()];
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = values.get(i).getAsDouble();
        }
        return doubles;
    }
}

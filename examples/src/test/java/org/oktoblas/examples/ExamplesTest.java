package org.oktoblas.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The small programs do what they say. */
class ExamplesTest {

    private static final String PROMPT = "It was a fine morning, and";

    @Test
    void generates() throws Exception {
        String text = GenerateText.generate(PROMPT, "OktoBLAS");
        assertTrue(text.length() > 40, text);
        assertEquals(text, GenerateText.generate(PROMPT, "OktoBLAS"));
    }

    @Test
    void streams() throws Exception {
        List<String> pieces = new ArrayList<>();
        StreamText.stream(PROMPT, "OktoBLAS", pieces::add);
        assertTrue(pieces.size() > 20, pieces.toString());
    }

    @Test
    void searches() throws Exception {
        // Greedy search is what generation does, too: DJL's loop and ours agree.
        String greedy = SearchText.search(PROMPT, "greedy", "OktoBLAS");
        String generated = PROMPT + GenerateText.generate(PROMPT, "OktoBLAS");
        assertTrue(greedy.startsWith(generated.substring(0, 80)), greedy);
        for (String search : List.of("beam", "contrastive")) {
            String text = SearchText.search(PROMPT, search, "OktoBLAS");
            assertTrue(text.startsWith(PROMPT) && text.length() > 80, text);
        }
    }
}

package org.oktoblas.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Text out of tokens that are single bytes, the hardest case. */
class TextPiecesTest {

    private static String decode(long[] ids) {
        byte[] bytes = new byte[ids.length];
        for (int i = 0; i < ids.length; i++) {
            bytes[i] = (byte) ids[i];
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static List<String> pieces(byte... bytes) {
        TextPieces text = new TextPieces(TextPiecesTest::decode);
        List<String> pieces = new ArrayList<>();
        for (byte value : bytes) {
            pieces.add(text.add(value));
        }
        pieces.add(text.flush());
        assertEquals(String.join("", pieces), text.text());
        return pieces;
    }

    private static List<String> pieces(String text) {
        return pieces(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void anEmojiComesWithItsLastByte() {
        assertEquals(List.of("a", "", "", "", "😀", "b", ""), pieces("a😀b"));
        assertEquals(List.of("", "é", "", "", "€", ""), pieces("é€"));
    }

    @Test
    void whatNeverBecameACharacterComesAtTheEnd() {
        assertEquals(List.of("a", "", "", "\uFFFD"), pieces((byte) 'a', (byte) 0xF0, (byte) 0x9F));
    }

    @Test
    void bytesThatAreNoCharacterComeWithTheNextThatIs() {
        assertEquals(List.of("", "\uFFFDa", ""), pieces((byte) 0xFF, (byte) 'a'));
    }

    @Test
    void aTokenMayAddNothing() {
        TextPieces text = new TextPieces(ids -> "x".repeat((int) Arrays.stream(ids).sum()));
        assertEquals("xx", text.add(2));
        assertEquals("", text.add(0));
        assertEquals("x", text.add(1));
        assertEquals("", text.flush());
        assertEquals("xxx", text.text());
    }

    @Property
    void piecesAddUpAndNeverEndInHalfACharacter(@ForAll String text) {
        String sound = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        List<String> pieces = pieces(sound);
        assertEquals(sound, String.join("", pieces));
        for (String piece : pieces) {
            assertFalse(
                    !piece.isEmpty()
                            && Character.isHighSurrogate(piece.charAt(piece.length() - 1)));
        }
    }

    @Property
    void anyBytesDecodeAsAWhole(@ForAll byte[] bytes) {
        long[] ids = new long[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            ids[i] = bytes[i];
        }
        assertEquals(decode(ids), String.join("", pieces(bytes)));
    }
}

package org.oktoblas.gpt2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.oktoblas.okm.OkmFile;
import org.oktoblas.okm.Samples;

/** What a block needs of its file when it loads the network late. */
class OkmTensorsTest {

    @Test
    void weightsStayReadableWhenTheFileIsClosed() throws Exception {
        String name = "transformer.ln_f.weight";
        OkmFile file = OkmFile.open(Samples.OKTO_PROSE);
        OkmTensors tensors = new OkmTensors(file);
        ByteBuffer before = file.data(name);
        file.close();
        assertThrows(IllegalStateException.class, () -> file.data(name));
        ByteBuffer after = tensors.data(name);
        assertEquals(before, after);
        assertEquals(ByteOrder.LITTLE_ENDIAN, after.order());
        assertEquals(
                tensors.shape(name).size() * tensors.dataType(name).getNumOfBytes(),
                after.remaining());
    }
}

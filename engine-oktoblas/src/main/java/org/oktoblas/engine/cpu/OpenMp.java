package org.oktoblas.engine.cpu;

import com.sun.jna.FunctionMapper;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.function.IntSupplier;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.Loader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The OpenMP that oneDNN runs on. Of its own one, {@link Dnnl} limits the threads when it loads it.
 * But on Linux a process has one libgomp.so.1 only, and where DJL has loaded PyTorch before, it is
 * PyTorch's: as many threads as there are processors would wait for each other in every operation.
 * So threads are limited here while oneDNN works, for the calling thread alone.
 */
final class OpenMp {

    private static final Logger LOGGER = LoggerFactory.getLogger(OpenMp.class);

    /** Whether its functions were found. Where they are not, the limit from the start holds. */
    private static final boolean FOUND = Platform.isLinux() && find();

    private OpenMp() {}

    private static boolean find() {
        try {
            String library = Loader.load(dnnl.class);
            Map<String, Object> options =
                    Map.of(Library.OPTION_FUNCTION_MAPPER, (FunctionMapper) OpenMp::nameOf);
            // Functions are looked up in the libraries that it needs as well.
            Native.register(OpenMp.class, NativeLibrary.getInstance(library, options));
            return true;
        } catch (UnsatisfiedLinkError e) {
            LOGGER.debug("oneDNN's OpenMP is not found.", e);
            return false;
        }
    }

    private static String nameOf(NativeLibrary library, Method method) {
        return method.getName().equals("maxThreads")
                ? "omp_get_max_threads"
                : "omp_set_num_threads";
    }

    private static native int maxThreads();

    private static native void setThreads(int threads);

    /** Makes a call of oneDNN, which then works on the calling thread alone. */
    static int onThisThread(IntSupplier call) {
        int threads = FOUND ? maxThreads() : 1;
        if (threads == 1) {
            return call.getAsInt();
        }
        setThreads(1);
        try {
            return call.getAsInt();
        } finally {
            setThreads(threads);
        }
    }
}

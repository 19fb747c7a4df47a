package org.oktoblas.engine.cpu;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Variables of the process's environment, which native libraries read and Java cannot set. */
final class Environment {

    private Environment() {}

    /** Runs an action, usually the loading of a library, with some variables set. */
    static <T> T with(Map<String, String> variables, Supplier<T> action) {
        Map<String, String> before = new LinkedHashMap<>();
        variables.keySet().forEach(name -> before.put(name, System.getenv(name)));
        variables.forEach(Environment::set);
        try {
            return action.get();
        } finally {
            // Other libraries in this process shall not see them.
            before.forEach(Environment::set);
        }
    }

    private static void set(String name, String value) {
        if (Platform.isWindows()) {
            NativeLibrary.getInstance("msvcrt")
                    .getFunction("_putenv_s")
                    .invokeInt(new Object[] {name, value == null ? "" : value});
        } else if (value == null) {
            NativeLibrary.getProcess().getFunction("unsetenv").invokeInt(new Object[] {name});
        } else {
            NativeLibrary.getProcess()
                    .getFunction("setenv")
                    .invokeInt(new Object[] {name, value, 1});
        }
    }
}

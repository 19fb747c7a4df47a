package org.oktoblas.bench.gpu;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.oktoblas.bench.PeerFailedException;
import org.oktoblas.bench.ScriptPeer;

/** PyTorch in a process of its own, which times cases as it is asked to. */
final class PeerProcess implements Contender {

    private static final String SCRIPT = "torch_peer.py";
    private static final int ANSWER_SECONDS = 120;

    private final Gson gson = new Gson();
    private final ScriptPeer script;

    private PeerProcess(ScriptPeer script) {
        this.script = script;
    }

    /**
     * Starts PyTorch.
     *
     * @param python the interpreter, a name or a path
     * @throws IOException if there is none or it has no PyTorch that sees a GPU, saying which
     */
    static PeerProcess open(String python) throws IOException {
        return new PeerProcess(ScriptPeer.open(python, PeerProcess.class, SCRIPT));
    }

    /** Starts any command that answers as the script does. */
    static PeerProcess open(List<String> command) throws IOException {
        return new PeerProcess(ScriptPeer.open(command));
    }

    /** Returns what answers, with its version. */
    String name() {
        return script.name();
    }

    @Override
    public Optional<Timed> prepare(KernelCase task, int sets) throws IOException {
        JsonObject request = new JsonObject();
        request.addProperty("do", "prepare");
        request.addProperty("op", task.op());
        request.addProperty("format", task.format().toString());
        request.add("dims", gson.toJsonTree(task.dims()));
        request.addProperty("way", task.way().name().toLowerCase(Locale.ROOT));
        request.addProperty("sets", sets);
        String computes = ask(request).get("label").getAsString();
        String label = "%s %s, %s".formatted(name(), computes, way(task));
        return Optional.of(
                new Timed() {
                    @Override
                    public String name() {
                        return label;
                    }

                    @Override
                    public double microseconds() throws IOException {
                        return ask(command("round")).get("microseconds").getAsDouble();
                    }

                    @Override
                    public void close() {
                        try {
                            ask(command("release"));
                        } catch (IOException e) {
                            // The next request finds the process gone and says so.
                            script.kill();
                        }
                    }
                });
    }

    private static String way(KernelCase task) {
        return switch (task.way()) {
            case GRAPH -> "graph";
            case EAGER -> "eager";
            case HOST -> "host time";
        };
    }

    private static JsonObject command(String name) {
        JsonObject request = new JsonObject();
        request.addProperty("do", name);
        return request;
    }

    private JsonObject ask(JsonObject request) throws IOException {
        try {
            return script.ask(request, ANSWER_SECONDS);
        } catch (PeerFailedException e) {
            throw new CaseFailedException(e.getMessage());
        }
    }

    @Override
    public void close() {
        script.close();
    }
}

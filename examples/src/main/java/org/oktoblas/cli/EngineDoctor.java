package org.oktoblas.cli;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineProvider;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import org.oktoblas.engine.cpu.CpuBackend;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;
import org.oktoblas.zoo.LanguageModel;

/** DJL, the engines it sees, and whether ours generates text with the shipped model. */
final class EngineDoctor {

    private static final String MODEL = "okm://okto-prose";

    private EngineDoctor() {}

    static List<Finding> examine() {
        List<Finding> found = new ArrayList<>();
        found.add(network());
        List<EngineProvider> providers = new ArrayList<>();
        ServiceLoader.load(EngineProvider.class).forEach(providers::add);
        providers.sort(Comparator.comparingInt(EngineProvider::getEngineRank));
        found.add(Finding.good("djl", Engine.getDjlVersion()));
        for (EngineProvider provider : providers) {
            found.add(engine(provider));
        }
        found.add(products());
        found.add(generation());
        return found;
    }

    private static Finding network() {
        boolean offline =
                Boolean.getBoolean("ai.djl.offline")
                        || Boolean.parseBoolean(System.getenv("DJL_OFFLINE"));
        return offline
                ? Finding.good("network", "DJL is offline: nothing is fetched at run time")
                : Finding.warning(
                        "network",
                        "DJL may look for downloads",
                        "start through ./okto, or set DJL_OFFLINE=true");
    }

    private static Finding engine(EngineProvider provider) {
        String name = provider.getEngineName();
        String text = name + ", rank " + provider.getEngineRank();
        try {
            Engine engine = provider.getEngine();
            return Finding.good("engine", text + ", " + describe(engine));
        } catch (RuntimeException | LinkageError e) {
            String why = text + " does not load: " + Errors.sentence(e);
            String remedy = "delete the caches named below and try again; --debug logs more";
            return name.equals("OktoBLAS")
                    ? Finding.broken("engine", why, remedy)
                    : Finding.warning("engine", why, remedy);
        }
    }

    private static String describe(Engine engine) {
        String version = "version " + engine.getVersion();
        return Engines.names().contains(engine.getEngineName())
                ? version + ", default device " + engine.defaultDevice().getDeviceType()
                : version + ", a helper that runs no models here";
    }

    private static Finding products() {
        String description = CpuBackend.get().description();
        if (System.getProperty("ai.djl.oktoblas.matmul", "auto").equals("java")) {
            return Finding.info(
                    "cpu", description + ", as asked for; oneDNN is several times faster");
        }
        return description.startsWith("oneDNN")
                ? Finding.good("cpu", description)
                : Finding.warning(
                        "cpu",
                        description + ", several times slower than oneDNN",
                        "the log says above why oneDNN did not load");
    }

    private static Finding generation() {
        GenerationConfig config = GenerationConfig.builder().maxTokens(4).build();
        long start = System.nanoTime();
        try (LanguageModel model =
                LanguageModel.load(MODEL, new LanguageModel.Options("OktoBLAS", null, null))) {
            GenerationResult result =
                    model.generate(List.of("It was"), config, GenerationListener.NONE).get(0);
            return Finding.good(
                    "model",
                    String.format(
                            Locale.ROOT,
                            "%s loads and generates %d tokens in %.1f s on %s",
                            MODEL,
                            result.tokenIds().length,
                            (System.nanoTime() - start) / 1e9,
                            Devices.name(model.device())));
        } catch (Exception | LinkageError e) {
            return Finding.broken(
                    "model",
                    MODEL + " does not generate: " + Errors.sentence(e),
                    "okto infer --input \"It was\" --debug shows where");
        }
    }
}

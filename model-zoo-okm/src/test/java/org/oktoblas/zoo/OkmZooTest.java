package org.oktoblas.zoo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Application;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.LocalRepository;
import ai.djl.repository.Repository;
import ai.djl.repository.SimpleRepository;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ModelZoo;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.util.Utils;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.oktoblas.gpt2.Gpt2Block;
import org.oktoblas.gpt2.Precision;
import org.oktoblas.okm.OkmWriter.Form;

/** Every way to name a model. */
@Tag("sources")
class OkmZooTest {

    @TempDir private static Path folder;

    private static Path file;
    private static Path directory;
    private static String before;

    @BeforeAll
    static void write() throws Exception {
        Path models = Files.createDirectories(folder.resolve("with space"));
        file = models.resolve("tiny.okm");
        directory = models.resolve("tiny-dir.okm");
        ZooModels.write(file, Form.FILE, ZooModels.model(40), true);
        ZooModels.write(directory, Form.DIRECTORY, ZooModels.model(40), true);
        Files.writeString(models.resolve("notes.okm.txt"), "no model");
        before = System.getProperty(OkmModelZoo.SEARCH_PATH);
        System.setProperty(
                OkmModelZoo.SEARCH_PATH, folder.resolve("none") + File.pathSeparator + models);
    }

    @AfterAll
    static void restore() {
        if (before == null) {
            System.clearProperty(OkmModelZoo.SEARCH_PATH);
        } else {
            System.setProperty(OkmModelZoo.SEARCH_PATH, before);
        }
    }

    private static Criteria.Builder<NDList, NDList> criteria() {
        return Criteria.builder().setTypes(NDList.class, NDList.class).optEngine("OktoBLAS");
    }

    private static void serves(Criteria<NDList, NDList> criteria) throws Exception {
        try (ZooModel<NDList, NDList> model = criteria.loadModel();
                Predictor<NDList, NDList> predictor = model.newPredictor();
                NDManager manager = model.getNDManager().newSubManager()) {
            NDList input = new NDList(manager.create(new long[][] {{1, 2, 3}}));
            assertEquals(6, predictor.predict(input).size());
        }
    }

    private static String okm(Path path) {
        return "okm://" + path.toUri().getRawPath().replaceFirst("/$", "");
    }

    @Test
    void everyNameServes() throws Exception {
        for (Path path : List.of(file, directory)) {
            serves(criteria().optModelPath(path).build());
            serves(criteria().optModelUrls(path.toUri().toString()).build());
            serves(criteria().optModelUrls(okm(path)).build());
        }
        serves(criteria().optModelUrls("okm://tiny").build());
        serves(criteria().optModelUrls("okm://tiny-dir").build());
        serves(criteria().optGroupId(OkmModelZoo.GROUP_ID).optArtifactId("tiny").build());
    }

    @Test
    void djlsOwnModelLoadsAPath() throws Exception {
        for (Path path : List.of(file, directory)) {
            try (Model model = Model.newInstance("any", "OktoBLAS")) {
                model.load(path);
                assertInstanceOf(Gpt2Block.class, model.getBlock());
            }
        }
    }

    @Test
    void theZooListsWhatIsThere() {
        List<String> listed =
                ModelZoo.listModels().get(Application.NLP.TEXT_GENERATION).stream()
                        .map(mrl -> mrl.getGroupId() + ":" + mrl.getArtifactId())
                        .toList();
        assertEquals(List.of("org.oktoblas:tiny", "org.oktoblas:tiny-dir"), listed);
    }

    @Test
    void aMissingNameTellsWhereItLooked() {
        String message =
                assertThrows(
                                IllegalArgumentException.class,
                                () -> criteria().optModelUrls("okm://other"))
                        .getMessage();
        for (String part : List.of("other.okm", "with space", ".oktoblas", "tiny", "OKTO_MODELS")) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void malformedUrlsAreRefused() {
        for (String url : List.of("okm:tiny", "okm://tiny/part", "okm:///no/such.okm")) {
            assertThrows(IllegalArgumentException.class, () -> criteria().optModelUrls(url), url);
            assertThrows(
                    ModelNotFoundException.class,
                    () -> LanguageModel.load(url, LanguageModel.Options.defaults()),
                    url);
        }
    }

    @Test
    void aDamagedModelIsDjlsMalformedModel() throws Exception {
        Path damaged = folder.resolve("damaged.okm");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(damaged, bytes);
        assertThrows(
                MalformedModelException.class,
                () -> criteria().optModelUrls(okm(damaged)).build().loadModel());
        assertThrows(
                MalformedModelException.class,
                () -> LanguageModel.load(damaged.toString(), LanguageModel.Options.defaults()));
    }

    @Test
    void languageModelSaysWhatItCannotLoad() {
        Path text = folder.resolve("with space").resolve("notes.okm.txt");
        notFound(text.toString(), null, "is not an .okm model");
        notFound(folder.resolve("no.okm").toString(), null, "no such file");
        notFound(file.toString(), "Abacus", "There is no engine Abacus");
    }

    private static void notFound(String path, String engine, String reason) {
        LanguageModel.Options options = new LanguageModel.Options(engine, null, Precision.AUTO);
        String message =
                assertThrows(ModelNotFoundException.class, () -> LanguageModel.load(path, options))
                        .getMessage();
        assertTrue(message.contains(reason), message);
    }

    /** Standing in for DJL's own factory of files must not change what others load. */
    @Test
    void otherFilesStayDjls() throws Exception {
        Path other = Files.createDirectories(folder.resolve("other/model/0.0.1"));
        Repository simple = Repository.newInstance("simple", other);
        assertInstanceOf(SimpleRepository.class, simple);
        assertEquals(1, simple.getResources().size());
        assertEquals("0.0.1", simple.getResources().get(0).getArtifactId());
        Repository missing = Repository.newInstance("missing", folder.resolve("missing"));
        assertTrue(missing.getResources().isEmpty());
        Files.writeString(
                other.getParent().resolve("metadata.json"),
                """
                {"metadataVersion": "0.2", "resourceType": "model", "application": "undefined",
                 "groupId": "ai.djl.localmodelzoo", "artifactId": "model",
                 "artifacts": [{"version": "0.0.1", "name": "model", "files": {}}]}
                """);
        Repository local = Repository.newInstance("local", folder.resolve("other"));
        assertInstanceOf(LocalRepository.class, local);
        assertFalse(local.isRemote());
    }

    /** DJL takes a comma for the end of a URL. */
    @Test
    void pathsAndNamesMayHaveCommas() throws Exception {
        Path models = folder.resolve("with space");
        Path comma = Files.createDirectories(models.resolve("a,b")).resolve("one,two.okm");
        ZooModels.write(comma, Form.FILE, ZooModels.model(40), true);
        Path named = models.resolve("red,blue.okm");
        ZooModels.write(named, Form.DIRECTORY, ZooModels.model(40), true);
        try {
            for (String name :
                    List.of(
                            comma.toString(),
                            comma.toUri().toString(),
                            okm(comma),
                            okm(comma).replace(",", "%2C"),
                            named.toString(),
                            "okm://red,blue",
                            "okm://red%2Cblue")) {
                LanguageModel.load(name, LanguageModel.Options.defaults()).close();
            }
        } finally {
            Utils.deleteQuietly(named);
        }
    }
}

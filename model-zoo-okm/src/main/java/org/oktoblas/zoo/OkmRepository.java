package org.oktoblas.zoo;

import ai.djl.Application;
import ai.djl.repository.AbstractRepository;
import ai.djl.repository.Artifact;
import ai.djl.repository.MRL;
import ai.djl.repository.Metadata;
import ai.djl.util.Progress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.oktoblas.gpt2.Gpt2BlockFactory;

/**
 * A repository of one {@code .okm}. It gives DJL's loader, as the model's arguments and options,
 * what else an app would have to: who builds the block, that there is nothing more to load, and who
 * translates. An app's own arguments win over these, and so do those in the URL's query.
 */
final class OkmRepository extends AbstractRepository {

    private final Path path;
    private final String modelName;

    /**
     * Makes the repository of a model that exists.
     *
     * @param uri as it was asked for; its query may hold arguments
     * @param path the model, a directory or a file
     */
    OkmRepository(String name, URI uri, Path path) {
        super(name, uri);
        this.path = path;
        modelName = path.getFileName().toString().replaceFirst("\\.okm$", "");
    }

    /** The model as DJL's zoos list it. */
    MRL asZooModel(String groupId) {
        return model(Application.NLP.TEXT_GENERATION, groupId, modelName);
    }

    @Override
    public boolean isRemote() {
        return false;
    }

    @Override
    public Metadata locate(MRL mrl) {
        Metadata metadata = new Metadata.MatchAllMetadata();
        metadata.setRepositoryUri(URI.create(""));
        metadata.setGroupId(mrl.getGroupId());
        metadata.setArtifactId(mrl.getArtifactId());
        Artifact artifact = new Artifact();
        artifact.setName(arguments.getOrDefault("model_name", modelName));
        artifact.getArguments().put("blockFactory", new Gpt2BlockFactory(path));
        artifact.getArguments().put("translatorFactory", OkmTranslatorFactory.class.getName());
        artifact.getArguments().putAll(arguments);
        artifact.setOptions(Map.of("hasParameter", "false"));
        metadata.setArtifacts(List.of(artifact));
        return metadata;
    }

    @Override
    public Artifact resolve(MRL mrl, Map<String, String> filter) {
        return locate(mrl).getArtifacts().get(0);
    }

    @Override
    public Path getResourceDirectory(Artifact artifact) {
        return path;
    }

    @Override
    public Path getCacheDirectory() {
        return path;
    }

    @Override
    public void prepare(Artifact artifact, Progress progress) {
        // It is here already.
    }

    @Override
    public List<MRL> getResources() {
        return List.of(MRL.undefined(this, OkmModelZoo.LOCAL_GROUP_ID, modelName));
    }
}

package org.oktoblas.zoo;

import ai.djl.inference.streaming.ChunkedBytesSupplier;
import ai.djl.inference.streaming.IteratorBytesSupplier;
import ai.djl.inference.streaming.StreamingTranslator;
import ai.djl.modality.Input;
import ai.djl.modality.Output;
import ai.djl.ndarray.BytesSupplier;
import ai.djl.ndarray.NDList;
import ai.djl.translate.NoBatchifyTranslator;
import ai.djl.translate.TranslateException;
import ai.djl.translate.TranslatorContext;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.oktoblas.generate.Generation;
import org.oktoblas.generate.GenerationConfig;
import org.oktoblas.generate.GenerationListener;
import org.oktoblas.generate.GenerationResult;

/**
 * DJL Serving's requests: text, JSON, or arrays, told by {@code Content-Type}.
 *
 * <ul>
 *   <li>{@code application/json}: {@code {"inputs": "a prompt" or ["several"], "parameters":
 *       {"max_tokens": 20, …}}} to {@code {"generated_text": …, "generated_tokens": …,
 *       "stop_reason": …}} or a list of these; streamed, a JSON line a piece
 *   <li>{@code tensor/…}: the block's own arrays, in and out
 *   <li>anything else: the prompt as text to the text that follows it
 * </ul>
 */
final class ServingTranslator
        implements NoBatchifyTranslator<Input, Output>, StreamingTranslator<Input, Output> {

    private static final String REQUEST = "request";

    private final TextModel model;
    private final GenerationConfig defaults;

    ServingTranslator(TextModel model, GenerationConfig defaults) {
        this.model = model;
        this.defaults = defaults;
    }

    @Override
    public NDList processInput(TranslatorContext ctx, Input input) throws TranslateException {
        if (ServingRequest.contentType(input).startsWith("tensor/")) {
            return input.getDataAsNDList(ctx.getNDManager());
        }
        ctx.setAttachment(REQUEST, ServingRequest.read(input, defaults));
        return new NDList();
    }

    @Override
    public Output processOutput(TranslatorContext ctx, NDList list) {
        Output output = new Output();
        ServingRequest request = (ServingRequest) ctx.getAttachment(REQUEST);
        if (request == null) {
            output.addProperty("Content-Type", "tensor/ndlist");
            output.add(list.encode());
            return output;
        }
        List<GenerationResult> results =
                model.generate(
                        ctx.getNDManager(),
                        request.prompts(),
                        request.config(),
                        GenerationListener.NONE);
        output.addProperty("Content-Type", request.responseType(false));
        output.add(request.response(results));
        return output;
    }

    @Override
    public StreamOutput<Output> processStreamOutput(TranslatorContext ctx, Stream<NDList> nothing)
            throws TranslateException {
        ServingRequest request = (ServingRequest) ctx.getAttachment(REQUEST);
        if (request == null || request.prompts().size() != 1) {
            nothing.close();
            throw new TranslateException("Only the continuation of a single text can be streamed");
        }
        long[] prompt = model.encode(request.prompts().get(0));
        Generation generation = model.start(ctx.getNDManager(), List.of(prompt), request.config());
        return new ServingStream(request, new TextStream(generation, nothing::close));
    }

    @Override
    public Support getSupport() {
        return Support.BOTH;
    }

    private static final class ServingStream extends StreamOutput<Output> {
        private final ServingRequest request;
        private final TextStream text;

        ServingStream(ServingRequest request, TextStream text) {
            this.request = request;
            this.text = text;
        }

        private Output output(BytesSupplier content) {
            Output output = new Output();
            output.addProperty("Content-Type", request.responseType(true));
            output.add(content);
            return output;
        }

        /** The next chunk: a piece, or what a request's format has for the end. */
        private byte[] chunk() {
            String chunk =
                    text.hasNext()
                            ? request.chunk(text.nextPiece())
                            : request.lastChunk(text.stopReason());
            return chunk.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        public Output getIterativeOutputInternal() {
            return output(
                    new IteratorBytesSupplier(
                            new Iterator<>() {
                                private boolean ended;

                                @Override
                                public boolean hasNext() {
                                    return !ended;
                                }

                                @Override
                                public BytesSupplier next() {
                                    ended = !text.hasNext();
                                    return BytesSupplier.wrap(chunk());
                                }
                            }));
        }

        @Override
        protected Output buildAsyncOutput() {
            return output(new ChunkedBytesSupplier());
        }

        @Override
        protected void computeAsyncOutputInternal(Output output) {
            ChunkedBytesSupplier content = (ChunkedBytesSupplier) output.getData();
            boolean ended = false;
            while (!ended) {
                ended = !text.hasNext();
                content.appendContent(chunk(), ended);
            }
        }
    }
}

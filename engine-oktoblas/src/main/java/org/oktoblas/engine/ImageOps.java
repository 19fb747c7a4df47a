package org.oktoblas.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.List;

/** Operations on images, and on the boxes of objects in them. */
abstract class ImageOps extends LayerOps {

    ImageOps(OktoNDArray array) {
        super(array);
    }

    @Override
    public NDArray interpolation(long[] size, int mode, boolean alignCorners) {
        throw Unavailable.operation("NDArrayEx.interpolation");
    }

    @Override
    public NDArray resize(int width, int height, int interpolation) {
        throw Unavailable.operation("NDArrayEx.resize");
    }

    @Override
    public NDArray randomFlipLeftRight() {
        throw Unavailable.operation("NDArrayEx.randomFlipLeftRight");
    }

    @Override
    public NDArray randomFlipTopBottom() {
        throw Unavailable.operation("NDArrayEx.randomFlipTopBottom");
    }

    @Override
    public NDArray randomBrightness(float brightness) {
        throw Unavailable.operation("NDArrayEx.randomBrightness");
    }

    @Override
    public NDArray randomHue(float hue) {
        throw Unavailable.operation("NDArrayEx.randomHue");
    }

    @Override
    public NDArray randomColorJitter(
            float brightness, float contrast, float saturation, float hue) {
        throw Unavailable.operation("NDArrayEx.randomColorJitter");
    }

    @Override
    public NDList multiBoxTarget(
            NDList inputs,
            float iouThreshold,
            float ignoreLabel,
            float negativeMiningRatio,
            float negativeMiningThreshold,
            int minNegativeSamples) {
        throw Unavailable.operation("NDArrayEx.multiBoxTarget");
    }

    @Override
    public NDList multiBoxPrior(
            List<Float> sizes,
            List<Float> ratios,
            List<Float> steps,
            List<Float> offsets,
            boolean clip) {
        throw Unavailable.operation("NDArrayEx.multiBoxPrior");
    }

    @Override
    public NDList multiBoxDetection(
            NDList inputs,
            boolean clip,
            float threshold,
            int backgroundId,
            float nmsThreshold,
            boolean forceSuppress,
            int nmsTopK) {
        throw Unavailable.operation("NDArrayEx.multiBoxDetection");
    }
}

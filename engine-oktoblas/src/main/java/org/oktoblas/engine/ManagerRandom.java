package org.oktoblas.engine;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.oktoblas.engine.backend.BinaryOp;
import org.oktoblas.engine.backend.Layout;
import org.oktoblas.engine.backend.RandomOp;
import org.oktoblas.engine.backend.ReduceOp;
import org.oktoblas.engine.backend.Scalar;
import org.oktoblas.engine.backend.Tensor;
import org.oktoblas.engine.backend.UnaryOp;

/**
 * Random arrays. After {@link OktoEngine#setRandomSeed} the same calls give the same numbers, on
 * every device; those that need a logarithm or the like up to its rounding.
 */
abstract class ManagerRandom extends ManagerUnavailable {

    ManagerRandom(NDManager parent, Device device) {
        super(parent, device);
    }

    private OktoNDManager self() {
        return (OktoNDManager) this;
    }

    /**
     * Draws from [low, high); for an integer type the fraction is cut off.
     *
     * @throws IllegalArgumentException if low is above high, or they are no finite numbers
     */
    @Override
    public OktoNDArray randomUniform(float low, float high, Shape shape, DataType dataType) {
        if (!(low <= high) || Float.isInfinite(low) || Float.isInfinite(high)) {
            throw new IllegalArgumentException(
                    "randomUniform needs finite bounds, low not above high, not "
                            + low
                            + " and "
                            + high
                            + ".");
        }
        return random(RandomOp.UNIFORM, low, high, shape, floating(dataType), dataType);
    }

    /**
     * Draws from the normal distribution; for an integer type the fraction is cut off.
     *
     * @throws IllegalArgumentException if the standard deviation is negative or NaN
     */
    @Override
    public OktoNDArray randomNormal(float loc, float scale, Shape shape, DataType dataType) {
        if (!(scale >= 0)) {
            throw new IllegalArgumentException(
                    "randomNormal needs a standard deviation of 0 or more, not " + scale + ".");
        }
        return random(RandomOp.NORMAL, loc, scale, shape, floating(dataType), dataType);
    }

    private static DataType floating(DataType type) {
        return Types.floating(Types.supported(type));
    }

    /**
     * Draws whole numbers from [low, high), any that INT64 has.
     *
     * @throws IllegalArgumentException unless low is below high and the type has these numbers
     */
    @Override
    public OktoNDArray randomInteger(long low, long high, Shape shape, DataType dataType) {
        if (low >= high) {
            throw new IllegalArgumentException(
                    "randomInteger needs low < high, not " + low + " and " + high + ".");
        }
        boolean fits = Types.holds(dataType, low) && Types.holds(dataType, high - 1);
        if (!fits && dataType != DataType.INT64) {
            throw new IllegalArgumentException(
                    "randomInteger cannot draw from "
                            + low
                            + " to below "
                            + high
                            + " in data type "
                            + dataType
                            + ", which does not have all these numbers: choose a wider type.");
        }
        long exact = Distributions.EXACT;
        if (low >= -exact && high <= exact && high - low <= exact) {
            return random(RandomOp.INTEGER, low, high, shape, DataType.INT64, dataType);
        }
        try (Operation operation = new Operation(self())) {
            Types.supported(dataType);
            Tensor out = operation.create(shape.getShape(), DataType.INT64);
            Distributions.integers(operation, low, high, out);
            return operation.result(operation.cast(out, dataType));
        }
    }

    /** Returns the numbers 0 … n − 1 in random order, INT64. */
    @Override
    public NDArray randomPermutation(long n) {
        if (n < 0) {
            throw new IllegalArgumentException(
                    "randomPermutation orders n numbers, and n cannot be " + n + ".");
        }
        try (OktoNDArray keys =
                random(RandomOp.UNIFORM, 0, 1, new Shape(n), DataType.FLOAT64, DataType.FLOAT64)) {
            return keys.argSort(0, true);
        }
    }

    private OktoNDArray random(
            RandomOp op, double first, double second, Shape shape, DataType drawn, DataType type) {
        try (Operation operation = new Operation(self())) {
            DataType inner = type == DataType.FLOAT64 ? type : drawn;
            Tensor out = operation.create(shape.getShape(), inner);
            Distributions.draw(operation, op, first, second, out);
            return operation.result(operation.cast(out, Types.supported(type)));
        }
    }

    /**
     * Draws from the normal distribution between two standard deviations below and above its mean:
     * by the inverse of its distribution function, so that nothing has to be drawn anew.
     */
    @Override
    public OktoNDArray truncatedNormal(float loc, float scale, Shape shape, DataType dataType) {
        Types.supported(dataType);
        try (Operation operation = new Operation(self())) {
            Tensor x = operation.create(shape.getShape(), DataType.FLOAT64);
            if (x.layout().count() > 0) {
                // erf(√2): how much of the distribution lies between the two.
                double inside = 0.954499736103641585599434725666933125;
                Distributions.draw(operation, RandomOp.UNIFORM, -inside, inside, x);
                operation.backend.unary(UnaryOp.ERF_INV, x, x);
                operation.backend.binary(BinaryOp.MULTIPLY, x, Scalar.of(Math.sqrt(2)), x);
                operation.backend.binary(BinaryOp.MAXIMUM, x, Scalar.of(-2.0), x);
                operation.backend.binary(BinaryOp.MINIMUM, x, Scalar.of(2.0), x);
                operation.backend.binary(BinaryOp.MULTIPLY, x, Scalar.of(scale), x);
                operation.backend.binary(BinaryOp.ADD, x, Scalar.of(loc), x);
            }
            return operation.result(operation.cast(x, dataType));
        }
    }

    /**
     * Returns how often each outcome was drawn in n experiments: INT64, in the shape of pValues.
     */
    @Override
    public OktoNDArray randomMultinomial(int n, NDArray pValues) {
        return randomMultinomial(n, pValues, new Shape());
    }

    /**
     * Draws samples of n experiments each.
     *
     * @param n the number of experiments
     * @param pValues the outcomes' probabilities, (K); the last one counts for what the others
     *     leave of 1, whatever it is
     * @param shape how many samples
     * @return how often each outcome was drawn: INT64, {@code shape} followed by K
     * @throws IllegalArgumentException if n is negative, or pValues are no probabilities
     */
    @Override
    public OktoNDArray randomMultinomial(int n, NDArray pValues, Shape shape) {
        if (n < 0) {
            throw new IllegalArgumentException(
                    "randomMultinomial counts n experiments, and n cannot be " + n + ".");
        }
        if (pValues.getShape().dimension() != 1 || pValues.isEmpty()) {
            throw new IllegalArgumentException(
                    "randomMultinomial needs the probabilities of the outcomes on one axis, not"
                            + " an NDArray of shape "
                            + pValues.getShape()
                            + ".");
        }
        try (Operation operation = new Operation(self(), pValues)) {
            Tensor p = operation.read(pValues);
            double[] sums = sums(HostElements.doubles(operation, p), p.dataType());
            Tensor counts = Distributions.multinomial(self(), operation, shape.size(), n, sums);
            long[] full = shape.addAll(pValues.getShape()).getShape();
            return operation.result(operation.reshape(counts, full));
        }
    }

    /** Returns the sums of the first 1, 2, … probabilities, without the last. */
    private static double[] sums(double[] p, DataType type) {
        double[] sums = new double[p.length - 1];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            if (!(p[i] >= 0 && p[i] <= 1)) {
                throw new IllegalArgumentException(
                        "randomMultinomial needs probabilities from 0 to 1, and number "
                                + i
                                + " is "
                                + p[i]
                                + ".");
            }
            if (i < sums.length) {
                sum += p[i];
                sums[i] = sum;
            }
        }
        // Each was rounded to its type, and a softmax before that by a few more roundings.
        if (sum > 1 + 16 * epsilon(type)) {
            throw new IllegalArgumentException(
                    "randomMultinomial needs probabilities that add up to 1, and all but the last"
                            + " add up to "
                            + sum
                            + ": divide them by their sum.");
        }
        return sums;
    }

    private static double epsilon(DataType type) {
        switch (type) {
            case FLOAT64:
                return Math.ulp(1.0);
            case FLOAT16:
                return 0x1p-10;
            case BFLOAT16:
                return 0x1p-7;
            default:
                return Math.ulp(1f);
        }
    }

    @Override
    public OktoNDArray sampleNormal(NDArray mu, NDArray sigma) {
        return sampleNormal(mu, sigma, new Shape());
    }

    /**
     * Draws samples from normal distributions.
     *
     * @param mu the means, (S)
     * @param sigma the standard deviations, (S), or what is broadcast to it
     * @param shape the shape T of what is drawn for each
     * @return (S…, T…), in the type in which both meet, FLOAT32 for integers
     * @throws IllegalArgumentException if a standard deviation is negative or a parameter not
     *     finite
     */
    @Override
    public OktoNDArray sampleNormal(NDArray mu, NDArray sigma, Shape shape) {
        return sample(
                "sampleNormal",
                shape,
                ranges -> Distributions::normal,
                new Parameter("mu", mu, Double.NEGATIVE_INFINITY),
                new Parameter("sigma", sigma, 0));
    }

    @Override
    public OktoNDArray samplePoisson(NDArray lam) {
        return samplePoisson(lam, new Shape());
    }

    /**
     * Draws samples from Poisson distributions.
     *
     * @param lam the means, (S)
     * @param shape the shape T of what is drawn for each
     * @return (S…, T…), whole numbers in lam's type, FLOAT32 for integers
     * @throws IllegalArgumentException if a mean is negative or not finite
     */
    @Override
    public OktoNDArray samplePoisson(NDArray lam, Shape shape) {
        return sample(
                "samplePoisson",
                shape,
                ranges -> Distributions.poisson(ranges[0][0], ranges[0][1]),
                new Parameter("lam", lam, 0));
    }

    @Override
    public OktoNDArray sampleGamma(NDArray alpha, NDArray beta) {
        return sampleGamma(alpha, beta, new Shape());
    }

    /**
     * Draws samples from gamma distributions, with mean alpha · beta.
     *
     * @param alpha the shape parameters, (S); 0 gives 0
     * @param beta the scales, (S), or what is broadcast to it
     * @param shape the shape T of what is drawn for each
     * @return (S…, T…), in the type in which both meet, FLOAT32 for integers
     * @throws IllegalArgumentException if a parameter is negative or not finite
     */
    @Override
    public OktoNDArray sampleGamma(NDArray alpha, NDArray beta, Shape shape) {
        return sample(
                "sampleGamma",
                shape,
                ranges -> Distributions::gamma,
                new Parameter("alpha", alpha, 0),
                new Parameter("beta", beta, 0));
    }

    /** A distribution's parameter: its name, its values, and the least that it may be. */
    private record Parameter(String name, NDArray array, double least) {}

    private interface Choice {
        /** Returns how to draw, given each parameter's least and largest value. */
        Distributions.Sampler sampler(double[][] ranges);
    }

    private OktoNDArray sample(String name, Shape shape, Choice choice, Parameter... parameters) {
        try (Operation operation = new Operation(self(), parameters[0].array)) {
            Tensor[] tensors = new Tensor[parameters.length];
            Layout common = Layout.contiguous();
            DataType type = null;
            boolean scalar = true;
            for (int i = 0; i < tensors.length; i++) {
                tensors[i] = operation.read(parameters[i].array);
                Layout layout = tensors[i].layout();
                common = Layout.contiguous(Layout.broadcast(common, layout));
                DataType own = tensors[i].dataType();
                type = type == null ? own : Types.combine(type, scalar, own, layout.rank() == 0);
                scalar &= layout.rank() == 0;
            }
            DataType result = Types.floating(type);
            long[] full = new Shape(common.shape()).addAll(shape).getShape();
            double[][] ranges = new double[tensors.length][];
            for (int i = 0; i < tensors.length; i++) {
                Tensor wide = operation.cast(tensors[i], DataType.FLOAT64);
                ranges[i] = range(operation, wide, name, parameters[i]);
                tensors[i] = stretch(wide, common.shape(), full);
            }
            Tensor drawn = Distributions.sample(self(), operation, choice.sampler(ranges), tensors);
            return operation.result(operation.cast(drawn, result));
        }
    }

    /** Repeats each element over the axes that follow. */
    private static Tensor stretch(Tensor tensor, long[] shape, long[] full) {
        Layout layout = tensor.layout().broadcastTo(shape);
        while (layout.rank() < full.length) {
            layout = layout.insertAxis(layout.rank());
        }
        return tensor.with(layout.broadcastTo(full));
    }

    /** Returns a parameter's least and largest value, which must be in bounds. */
    private static double[] range(
            Operation operation, Tensor tensor, String name, Parameter parameter) {
        long count = tensor.layout().count();
        if (count == 0) {
            return new double[2];
        }
        Tensor flat = operation.reshape(tensor, count);
        double[] range = new double[2];
        ReduceOp[] ends = {ReduceOp.MIN, ReduceOp.MAX};
        for (int i = 0; i < ends.length; i++) {
            Tensor end = operation.create(new long[] {1}, DataType.FLOAT64);
            operation.backend.reduce(ends[i], flat, end);
            range[i] = HostElements.doubles(operation, end)[0];
            if (!Double.isFinite(range[i]) || range[i] < parameter.least) {
                throw new IllegalArgumentException(
                        name
                                + " needs finite numbers"
                                + (parameter.least == 0 ? ", none negative," : "")
                                + " for "
                                + parameter.name
                                + ", which has "
                                + range[i]
                                + ".");
            }
        }
        return range;
    }
}

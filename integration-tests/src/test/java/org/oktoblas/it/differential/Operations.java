package org.oktoblas.it.differential;

import java.util.ArrayList;
import java.util.List;

/**
 * All operations that are compared. To add some, put them into the list of their kind, or write
 * another class like it and add it here:
 *
 * <pre>{@code
 * Operation.of(
 *         "NDArray.softmax(int)",                          // as a user of DJL knows it
 *         Tolerance.near(1, 8),                            // how far floats may differ, and why
 *         draw -> {
 *             Operand a = draw.array(Draw.FLOATS, Values.REAL); // x[0]: any shape and layout
 *             int axis = draw.axis(a.rank());              // parameters, noted for the report
 *             return Call.of((m, x) -> x[0].softmax(axis));
 *         })
 * }</pre>
 *
 * <p>Where PyTorch's engine does not offer a call, {@code instead} says what it computes in its
 * place, or {@code reference} what plain Java does. Where it differs and this engine is right,
 * {@code known} says in which cases and why. What takes its process down must not be drawn.
 */
final class Operations {

    private Operations() {}

    static List<Operation> all() {
        List<Operation> all = new ArrayList<>();
        all.addAll(CreationOperations.all());
        all.addAll(TransferOperations.all());
        all.addAll(ArithmeticOperations.all());
        all.addAll(StaticOperations.all());
        all.addAll(ComparisonOperations.all());
        all.addAll(MathOperations.all());
        all.addAll(ReductionOperations.all());
        all.addAll(SortingOperations.all());
        all.addAll(ShapeOperations.all());
        all.addAll(CopyOperations.all());
        all.addAll(IndexOperations.all());
        all.addAll(PositionOperations.all());
        all.addAll(ProductOperations.all());
        all.addAll(LinearOperations.all());
        all.addAll(StatisticsOperations.all());
        all.addAll(ComplexOperations.all());
        all.addAll(FourierOperations.all());
        all.addAll(LayerOperations.all());
        all.addAll(ConvolutionOperations.all());
        all.addAll(PoolingOperations.all());
        all.addAll(NormalizationOperations.all());
        all.addAll(RecurrentOperations.all());
        all.addAll(ImageOperations.all());
        all.addAll(UpdateOperations.all());
        return all;
    }
}

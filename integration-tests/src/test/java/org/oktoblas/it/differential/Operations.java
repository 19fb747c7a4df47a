package org.oktoblas.it.differential;

import java.util.ArrayList;
import java.util.List;

/**
 * All operations that are compared. To add some, put them into the list of their kind, or write
 * another class like it and add it here.
 */
final class Operations {

    private Operations() {}

    static List<Operation> all() {
        List<Operation> all = new ArrayList<>();
        all.addAll(CreationOperations.all());
        all.addAll(TransferOperations.all());
        all.addAll(ArithmeticOperations.all());
        all.addAll(ComparisonOperations.all());
        all.addAll(MathOperations.all());
        all.addAll(ReductionOperations.all());
        all.addAll(SortingOperations.all());
        all.addAll(ShapeOperations.all());
        all.addAll(CopyOperations.all());
        all.addAll(IndexOperations.all());
        all.addAll(PositionOperations.all());
        all.addAll(ProductOperations.all());
        all.addAll(LayerOperations.all());
        return all;
    }
}

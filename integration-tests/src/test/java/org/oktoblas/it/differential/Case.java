package org.oktoblas.it.differential;

import java.util.List;

/** An operation with operands and parameters. */
record Case(Operation operation, Operation.Call call, List<Operand> operands, List<String> notes) {

    static Case of(Operation operation, Draw draw) {
        Operation.Call call = operation.plan().call(draw);
        return new Case(operation, call, List.copyOf(draw.operands), List.copyOf(draw.notes));
    }

    Operand operand(int i) {
        return operands.get(i);
    }

    /** Returns whether a parameter was drawn, by the text that shows it. */
    boolean noted(String note) {
        return notes.contains(note);
    }

    /** Returns whether any operand holds special values. */
    boolean special() {
        return operands.stream().map(Operand::values).anyMatch(Values::special);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(operation.name());
        for (Operand operand : operands) {
            text.append("\n    ").append(operand);
        }
        for (String note : notes) {
            text.append("\n    ").append(note);
        }
        return text.toString();
    }
}

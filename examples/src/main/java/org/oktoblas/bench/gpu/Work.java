package org.oktoblas.bench.gpu;

import java.util.List;
import java.util.function.Consumer;
import org.oktoblas.bench.gpu.RandomData.Input;

/**
 * A case as our kernels do it.
 *
 * @param sets the sets of inputs to rotate through
 * @param call enqueues the work over one set; every call writes the same output
 * @param check compares the output of a call over this set with exact results
 */
record Work(List<List<Input>> sets, Consumer<List<Input>> call, Consumer<List<Input>> check) {}

package org.oktoblas.bench.gpu;

import org.oktoblas.cuda.CudaStream;
import org.oktoblas.cuda.ElementType;
import org.oktoblas.kernels.KernelFamilies;

/** Makes the work of a case, with what every topic needs for it. */
abstract class CaseWork {

    final KernelCase task;
    final Arena arena;
    final Check check;
    final KernelFamilies families;
    final CudaStream stream;
    final ElementType type;

    CaseWork(KernelCase task, Arena arena, Check check, KernelFamilies families) {
        this.task = task;
        this.arena = arena;
        this.check = check;
        this.families = families;
        stream = arena.stream();
        type = task.format().type();
    }

    abstract Work make();
}

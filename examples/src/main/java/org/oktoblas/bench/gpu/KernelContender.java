package org.oktoblas.bench.gpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.oktoblas.cuda.CudaDevice;
import org.oktoblas.cuda.CudaStream;
import org.oktoblas.kernels.KernelFamilies;

/** Our kernels, by themselves. */
final class KernelContender implements Contender {

    private final CudaDevice device;
    private final CudaStream stream;
    private final RandomData data;
    private final KernelFamilies families;
    private final ByteBuffer piece =
            ByteBuffer.allocateDirect(Check.PIECE_BYTES).order(ByteOrder.nativeOrder());

    KernelContender(CudaDevice device) {
        this.device = device;
        stream = device.borrowStream();
        data = new RandomData(stream);
        families = new KernelFamilies(device);
    }

    @Override
    public Optional<Timed> prepare(KernelCase task, int sets) {
        if (task.way() != Way.GRAPH) {
            return Optional.empty();
        }
        Arena arena = new Arena(stream, data, sets);
        try {
            Work work = work(task, arena);
            // Loads the kernels, which a capture cannot.
            work.call().accept(work.sets().get(0));
            GraphTimer timer = new GraphTimer(stream, work);
            arena.onClose(timer::close);
            arena.poison();
            timer.microseconds();
            work.check().accept(timer.lastInputs());
            return Optional.of(new Ready(timer, arena));
        } catch (RuntimeException e) {
            try {
                release(arena);
            } catch (RuntimeException late) {
                e.addSuppressed(late);
            }
            throw e instanceof CaseFailedException
                    ? e
                    : new CaseFailedException(String.valueOf(e.getMessage()));
        }
    }

    private Work work(KernelCase task, Arena arena) {
        // Attention rounds three times on its way: scores, weights and sums.
        int roundings = task.topic().equals("attention") ? 3 : 1;
        Check check = new Check(stream, piece, roundings * task.format().tolerance());
        CaseWork work =
                switch (task.topic()) {
                    case "gemm" -> new GemmWork(task, arena, check, families);
                    case "attention" -> new AttentionWork(task, arena, check, families);
                    case "elementwise" -> new ElementwiseWork(task, arena, check, families);
                    case "reduce" -> new ReduceWork(task, arena, check, families);
                    case "softmax", "layernorm" -> new PerRowWork(task, arena, check, families);
                    default -> throw new IllegalArgumentException("no kernels for " + task.topic());
                };
        return work.make();
    }

    /** Gives memory back to the device, where the peer may need it. */
    private void release(Arena arena) {
        arena.close();
        device.trim();
    }

    @Override
    public void close() {
        data.close();
        device.giveBack(stream);
    }

    private final class Ready implements Timed {

        private final GraphTimer timer;
        private final Arena arena;

        Ready(GraphTimer timer, Arena arena) {
            this.timer = timer;
            this.arena = arena;
        }

        @Override
        public String name() {
            return "OktoBLAS";
        }

        @Override
        public double microseconds() {
            return timer.microseconds();
        }

        @Override
        public void close() {
            release(arena);
        }
    }
}

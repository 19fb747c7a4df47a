package org.oktoblas.cuda;

/**
 * A call of CUDA's driver that failed. The message says which call, on which device, in which
 * kernel, with CUDA's name for the error and its sentence, and what to do.
 */
public class CudaException extends RuntimeException {

    private final String error;
    private final boolean fatal;

    /** Makes an exception. */
    CudaException(String message, String error, boolean fatal, Throwable cause) {
        super(message, cause);
        this.error = error;
        this.fatal = fatal;
    }

    /** Returns CUDA's name for the error, such as CUDA_ERROR_ILLEGAL_ADDRESS. */
    public String error() {
        return error;
    }

    /** Returns whether the device can do nothing more for this process. */
    public boolean isFatal() {
        return fatal;
    }

    /** Throws unless the code is success. */
    static void check(int code, String call, CudaDevice device) {
        if (code != Driver.SUCCESS) {
            throw of(code, call, device, null);
        }
    }

    /**
     * Makes the exception for a code.
     *
     * @param call the function of the driver
     * @param device the device, or null if it is not about one
     * @param detail the kernel and its launch, or null
     */
    static CudaException of(int code, String call, CudaDevice device, String detail) {
        boolean fatal = isFatal(code);
        StringBuilder text = new StringBuilder(call).append(" failed");
        if (device != null) {
            text.append(" on ").append(device);
        }
        if (detail != null) {
            text.append(" (").append(detail).append(')');
        }
        String name = Driver.name(code);
        text.append(": ").append(name).append(", ").append(Driver.sentence(code)).append('.');
        String advice = advice(code);
        if (!advice.isEmpty()) {
            text.append(' ').append(advice);
        }
        if (code == Driver.OUT_OF_MEMORY) {
            return new CudaOutOfMemoryException(text.toString(), null);
        }
        CudaException exception = new CudaException(text.toString(), name, fatal, null);
        if (fatal && device != null) {
            device.lose();
        }
        return exception;
    }

    /** Errors after which the context answers every call with an error. */
    private static boolean isFatal(int code) {
        return switch (code) {
            case 214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721 -> true;
            default -> false;
        };
    }

    private static String advice(int code) {
        return switch (code) {
            case 1 -> "This is a mistake in this library; please report it.";
            case 2 ->
                    "Close arrays or their manager, use smaller batches, or end other processes on"
                            + " the device.";
            case 46, 101 -> "Is the device reserved for another process (nvidia-smi -q says so)?";
            case 200, 209 ->
                    "This build has no code for this device; build it without -Dcuda.arch.";
            case 218, 222 -> "The driver is older than this build's kernels; install a newer one.";
            case 214, 220, 226 ->
                    "The hardware reported a fault; nvidia-smi -q shows it. The process must"
                            + " restart.";
            case 700, 710, 714, 715, 716, 717, 718, 719, 721 ->
                    "A kernel launched earlier went wrong, and the device's context is lost: the"
                            + " process must restart. CUDA_LAUNCH_BLOCKING=1 shows which kernel,"
                            + " compute-sanitizer which access.";
            case 702 ->
                    "A kernel ran longer than this system lets it, as where the device also drives"
                            + " a display. The process must restart.";
            case 701 -> "The kernel needs more registers or shared memory than the device has.";
            case 802 ->
                    "The fabric manager of this machine is not ready; start nvidia-fabricmanager.";
            case 803, 804 ->
                    "The kernel module and the libraries of the driver do not match; reboot.";
            case 900, 901, 902, 903, 904, 905, 906, 907, 908 ->
                    "The work that was captured into a graph did something that graphs cannot hold.";
            default -> "";
        };
    }
}

"""PyTorch's side of "okto bench kernels": answers one JSON request a line on standard output.

    {"do": "prepare", "op": "matmul", "format": "fp16", "dims": [64, 64, 64], "way": "graph", "sets": 8}
        -> {"label": "matmul"}        what computes, the fastest of several ways where PyTorch has several
    {"do": "round"}    -> {"microseconds": 4.2}     the time of one call
    {"do": "release"}  -> {}

A case that cannot be done is answered with {"failed": why}. Where there is no PyTorch or no GPU, the first and only
line is {"error": why}. The GPU is used only while a request is open.

Ways: "graph" is kernel time, many calls in one CUDA graph between two events; "eager" is many calls from the host and
one wait for the device; "host" is what a call costs the host.
"""

import contextlib
import gc
import json
import os
import sys
import time
import warnings

# Answers go where standard output was; whatever a library prints goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
warnings.filterwarnings("ignore")


def answer(**fields):
    ANSWERS.write(json.dumps(fields) + "\n")
    ANSWERS.flush()


try:
    import torch
    import torch.nn.functional as F
    from torch.nn.attention import SDPBackend, sdpa_kernel
except ImportError as e:
    answer(error=f"{sys.executable} has no PyTorch ({e})")
    sys.exit(0)

DEVICE = "cuda"
TYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32, "tf32": torch.float32}
TARGET_MICROSECONDS = 3000
EAGER_MICROSECONDS = 20_000
FEWEST_CALLS, MOST_CALLS = 4, 100
HOST_CALLS = 400
EPSILON = 1e-5


def random(*shape, dtype=None):
    return torch.randn(*shape, device=DEVICE, dtype=dtype)


# ---- what is computed: each returns candidates {label: function} and a function that makes one set of inputs


def matmul(dims, dtype):
    m, n, k = dims
    return {"matmul": torch.matmul}, lambda: (random(m, k, dtype=dtype), random(k, n, dtype=dtype))


def linear(dims, dtype):
    """A layer with a bias. GPT-2's checkpoints hold (in, out), its output head (out, in): whichever is faster."""
    m, n, k = dims
    candidates = {
        "addmm": lambda x, w, b: torch.addmm(b, x, w),
        "linear": lambda x, w, b: F.linear(x, w.view(n, k), b),
    }
    return candidates, lambda: (random(m, k, dtype=dtype), random(k, n, dtype=dtype), random(n, dtype=dtype))


def attention_with(causal):
    def make(dims, dtype):
        b, h, t, s, d = dims

        def through(backend):
            def call(q, k, v):
                with sdpa_kernel(backend) if backend else contextlib.nullcontext():
                    return F.scaled_dot_product_attention(q, k, v, is_causal=causal)
            return call

        candidates = {"sdpa": through(None)}
        for name in ("FLASH_ATTENTION", "CUDNN_ATTENTION", "EFFICIENT_ATTENTION", "MATH"):
            # The plain way keeps whole score matrices: not where they are large.
            if hasattr(SDPBackend, name) and (name != "MATH" or b * h * t * s <= 1 << 26):
                candidates["sdpa " + name.split("_")[0].lower()] = through(getattr(SDPBackend, name))

        def inputs():
            return tuple(random(b, h, length, d, dtype=dtype) for length in (t, s, s))
        return candidates, inputs
    return make


def map_of(label, function, arrays):
    def make(dims, dtype):
        return {label: function}, lambda: tuple(random(*dims, dtype=dtype) for _ in range(arrays))
    return make


def bias_add(dims, dtype):
    return {"add": torch.add}, lambda: (random(*dims, dtype=dtype), random(dims[1], dtype=dtype))


def where(dims, dtype):
    return {"where": torch.where}, lambda: (random(*dims) > 0, random(*dims, dtype=dtype), random(*dims, dtype=dtype))


def copy(dims, dtype):
    target = random(*dims, dtype=dtype)
    return {"copy_": target.copy_}, lambda: (random(*dims, dtype=dtype),)


def top_k(dims, dtype):
    rows, columns, k = dims
    return {"topk": lambda x: x.topk(k, dim=1)}, lambda: (random(rows, columns, dtype=dtype),)


def softmax(dims, dtype):
    return {"softmax": lambda x: F.softmax(x, dim=-1)}, lambda: (random(*dims, dtype=dtype),)


def layer_norm(dims, dtype):
    width = dims[1]
    gamma, beta = random(width, dtype=dtype), random(width, dtype=dtype)
    return ({"layer_norm": lambda x: F.layer_norm(x, (width,), gamma, beta, EPSILON)},
            lambda: (random(*dims, dtype=dtype),))


def set_row(x):
    x[3] = 1.5


def create(dims, dtype):
    return {"zeros": lambda: torch.zeros(*dims, device=DEVICE, dtype=dtype)}, lambda: ()


OPERATIONS = {
    "matmul": matmul,
    "linear": linear,
    "attention": attention_with(causal=False),
    "causalAttention": attention_with(causal=True),
    # One query sees all keys.
    "decodeAttention": attention_with(causal=False),
    "copy": copy,
    "add": map_of("add", torch.add, 2),
    "multiply": map_of("mul", torch.mul, 2),
    "relu": map_of("relu", torch.relu, 1),
    "geluTanh": map_of("gelu", lambda x: F.gelu(x, approximate="tanh"), 1),
    "exp": map_of("exp", torch.exp, 1),
    "cast": map_of("half", lambda x: x.half(), 1),
    "biasAdd": bias_add,
    "where": where,
    "transpose": map_of("t().contiguous", lambda x: x.t().contiguous(), 1),
    "sumAll": map_of("sum", torch.sum, 1),
    "sumRows": map_of("sum", lambda x: x.sum(dim=1), 1),
    "sumColumns": map_of("sum", lambda x: x.sum(dim=0), 1),
    "maxAll": map_of("amax", torch.amax, 1),
    "argMaxRows": map_of("argmax", lambda x: x.argmax(dim=1), 1),
    "argMaxAll": map_of("argmax", torch.argmax, 1),
    "scan": map_of("cumsum", lambda x: x.cumsum(dim=1), 1),
    "sort": map_of("sort", lambda x: x.sort(dim=1, descending=True, stable=True), 1),
    "topK": top_k,
    "softmax": softmax,
    "layerNorm": layer_norm,
    "get": map_of("x[3]", lambda x: x[3], 1),
    "set": map_of("x[3] = 1.5", set_row, 1),
    "create": create,
}


# ---- how it is timed


class Graph:
    """Many calls in one CUDA graph, which rotates through sets of inputs."""

    def __init__(self, function, sets):
        self.function, self.sets = function, sets
        self.graph = None
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for inputs in sets[:3]:
                function(*inputs)
        torch.cuda.current_stream().wait_stream(side)
        self.capture(self.count(TARGET_MICROSECONDS))
        better = self.count(self.microseconds())
        if better != self.calls:
            self.capture(better)

    def count(self, microseconds):
        """How many calls of a duration a graph should hold: whole rotations of the inputs."""
        calls = max(FEWEST_CALLS, min(MOST_CALLS, TARGET_MICROSECONDS / microseconds))
        return max(1, round(calls / len(self.sets))) * len(self.sets)

    def capture(self, calls):
        self.calls, self.graph = calls, torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            for i in range(calls):
                self.function(*self.sets[i % len(self.sets)])

    def microseconds(self):
        """Replays once to warm up and once on the clock."""
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        self.graph.replay()
        start.record()
        self.graph.replay()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e3 / self.calls


class Host:
    """Calls from the host; the clock stops after the device is done, or when the last call returns."""

    def __init__(self, function, sets, wait):
        self.function, self.inputs, self.wait = function, sets[0], wait
        self.calls = HOST_CALLS
        deadline = time.perf_counter() + 0.5
        while time.perf_counter() < deadline:
            last = self.run(10 if wait else HOST_CALLS)
        if wait:
            self.calls = max(10, min(HOST_CALLS, int(EAGER_MICROSECONDS / last)))

    def run(self, calls):
        function, inputs = self.function, self.inputs
        torch.cuda.synchronize()
        start = time.perf_counter()
        for _ in range(calls):
            function(*inputs)
        if self.wait:
            torch.cuda.synchronize()
        end = time.perf_counter()
        torch.cuda.synchronize()
        return (end - start) * 1e6 / calls

    def microseconds(self):
        self.run(self.calls // 4)
        return self.run(self.calls)


def prepare(op, format, dims, way, sets):
    """Returns the fastest candidate's label and timer."""
    torch.backends.cuda.matmul.allow_tf32 = format == "tf32"
    candidates, inputs = OPERATIONS[op](dims, TYPES[format])
    made = [inputs() for _ in range(sets)]
    ready, failures = [], []
    for label, function in candidates.items():
        try:
            timer = Graph(function, made) if way == "graph" else Host(function, made, way == "eager")
            ready.append((timer.microseconds(), label, timer))
        except RuntimeError as e:
            failures.append(f"{label}: {str(e).splitlines()[0]}")
            torch.cuda.synchronize()
    if not ready:
        raise RuntimeError("; ".join(failures))
    _, label, timer = min(ready, key=lambda entry: entry[0])
    return label, timer


def free_memory():
    gc.collect()
    torch.cuda.empty_cache()


def main():
    if not torch.cuda.is_available():
        answer(error=f"PyTorch {torch.__version__} of {sys.executable} sees no GPU")
        return
    torch.manual_seed(1)
    torch.set_grad_enabled(False)
    answer(name=f"torch {torch.__version__}")
    timer = None
    for line in sys.stdin:
        request = json.loads(line)
        todo = request.pop("do")
        try:
            if todo == "prepare":
                label, timer = prepare(**request)
                torch.cuda.synchronize()
                answer(label=label)
            elif todo == "round":
                answer(microseconds=timer.microseconds())
            else:
                timer = None
                free_memory()
                answer()
        except Exception as e:  # whatever it is, the next case may go well
            timer = None
            free_memory()
            answer(failed=f"{type(e).__name__}: {e}")


if __name__ == "__main__":
    main()

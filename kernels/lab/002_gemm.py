"""Experiment 002: tile variants of the matrix products beside torch.matmul, without Java.

    python3 kernels/lab/002_gemm.py [--source FILE.cu] [--kernel PATTERN] [--sizes 1024,4096] [--stages 3,4]
                                    [--groups 4,8] [--json RESULT.json]

Compiles a source of kernels/src/main/cuda/gemm, or a copy with other tiles, with nvcc for the GPU that is here; checks
every kernel against float64 on square and odd sizes; then times each with every number of stages and every group of
row tiles inside CUDA graphs, in turn with torch, over inputs that rotate through more than the L2 cache. Tile sizes
come from the source's constants: kLargeRows belongs to the kernels whose names contain "_large". Exits with 1 if a
check fails.
"""

import argparse
import ctypes
import fnmatch
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

CUDA = Path(__file__).resolve().parents[1] / "src/main/cuda"
ROUNDS = 9
TOLERANCE = {torch.float16: 1e-3, torch.bfloat16: 6e-3}
DRIVER = ctypes.CDLL("libcuda.so.1")
MAX_DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

Pointer, Int, Unsigned, Long = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint, ctypes.c_longlong


# ---- what the kernels take: gemm/problem.cuh and common/index.cuh


class Finish(ctypes.Structure):
    _fields_ = [("out", Pointer), ("bias", Pointer), ("residual", Pointer), ("out_row", Long), ("out_column", Long),
                ("residual_row", Long), ("out_type", Int), ("activation", Int), ("vector", Int), ("unused", Int)]


class Divisor(ctypes.Structure):
    _fields_ = [("size", Unsigned), ("multiplier", Unsigned), ("shift", Unsigned)]


class Indexer(ctypes.Structure):
    _fields_ = [("rank", Int), ("count", Unsigned), ("axis", Divisor * 8), ("stride", Long * 24)]


class Problem(ctypes.Structure):
    _fields_ = [("a", Pointer), ("b", Pointer), ("finish", Finish), ("rows", Long), ("columns", Long), ("depth", Long),
                ("a_row", Long), ("a_depth", Long), ("b_depth", Long), ("b_column", Long), ("split_stride", Long),
                ("split_depth", Int), ("splits", Int), ("row_tiles", Int), ("column_tiles", Int), ("group", Int),
                ("stages", Int), ("a_vector", Int), ("b_vector", Int), ("batch", Indexer)]


def call(name, *arguments):
    code = getattr(DRIVER, name)(*arguments)
    if code:
        message = ctypes.c_char_p()
        DRIVER.cuGetErrorString(code, ctypes.byref(message))
        raise RuntimeError(f"{name}: {(message.value or b'?').decode()}")


def constants(source):
    """The constants of a source and of the headers that it includes with quotes."""
    found, todo, seen = {}, [source], set()
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        text = file.read_text()
        found.update((name, int(value)) for name, value in re.findall(r"^constexpr int k(\w+) = (\d+);", text, re.M))
        todo += [CUDA / include for include in re.findall(r'^#include "(.+)"', text, re.M)]
    return found


class Kernel:
    """One __global__ function with its tile."""

    def __init__(self, module, symbol, tile, types):
        self.symbol = symbol
        self.function = ctypes.c_void_p()
        call("cuModuleGetFunction", ctypes.byref(self.function), module, symbol.encode())
        size = "Large" if "_large" in symbol else "Small"
        self.rows, self.columns = tile[size + "Rows"], tile[size + "Columns"]
        self.threads, self.stage_bytes = tile[size + "Threads"], tile[size + "StageBytes"]
        self.out_type = tile["Out" + {torch.float16: "F16", torch.bfloat16: "Bf16"}[types]]

    def launcher(self, out, a, b, stages, group):
        """Returns a function that enqueues out = a b on torch's stream."""
        m, k = a.shape
        n = b.shape[1]
        tiles = -(-m // self.rows), -(-n // self.columns)
        aligned = all(t.data_ptr() % 16 == 0 and t.stride(0) % 8 == 0 for t in (a, b))
        finish = Finish(out.data_ptr(), None, None, n, 1, 0, self.out_type, 0, int(n % 4 == 0), 0)
        problem = Problem(a.data_ptr(), b.data_ptr(), finish, m, n, k, k, 1, n, 1, 0, k, 1, *tiles, min(group, tiles[0]), stages,
                          int(aligned), 0, Indexer(0, 1))
        shared = stages * self.stage_bytes
        call("cuFuncSetAttribute", self.function, MAX_DYNAMIC_SHARED, shared)
        parameters = (ctypes.c_void_p * 1)(ctypes.addressof(problem))

        def launch():
            stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
            call("cuLaunchKernel", self.function, tiles[0] * tiles[1], 1, 1, self.threads, 1, 1, shared, stream,
                 parameters, None)
        launch.keeps = problem, parameters, out, a, b
        return launch


def compile_kernels(source, pattern):
    major, minor = torch.cuda.get_device_capability()
    arch = f"sm_{major}{minor}" + ("a" if major >= 9 else "")
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / "kernels.cubin"
        report = subprocess.run(["nvcc", "-std=c++17", "-O3", "-I", str(CUDA), "--cubin", f"-arch={arch}",
                                 "-Xptxas", "-v", "-o", str(cubin), str(source)],
                                capture_output=True, text=True)
        if report.returncode:
            sys.exit(report.stderr)
        image = cubin.read_bytes()
    symbols = re.findall(r"Compiling entry function '(\w+)'", report.stderr)
    for symbol, usage in zip(symbols, re.findall(r"Used (\d+ registers)", report.stderr)):
        print(symbol, usage)
    types = torch.bfloat16 if "bf16" in source.name else torch.float16
    torch.zeros(1, device="cuda")  # makes the context
    module = ctypes.c_void_p()
    call("cuModuleLoadData", ctypes.byref(module), image)
    tile = constants(source)
    # Row-major operands: a is dense along the depth, b along the columns.
    return types, [Kernel(module, symbol, tile, types) for symbol in symbols
                   if symbol.endswith("_kn") and fnmatch.fnmatch(symbol, pattern)]


def check(kernel, types, m, n, k, stages, group):
    a, b = (torch.randn(*shape, device="cuda", dtype=types) for shape in ((m, k), (k, n)))
    out, again = (torch.full((m, n), float("nan"), device="cuda", dtype=types) for _ in range(2))
    for target in (out, again):
        kernel.launcher(target, a, b, stages, group)()
    exact = a.double() @ b.double()
    error = ((out.double() - exact).norm() / exact.norm()).item()
    good = error <= TOLERANCE[types] and torch.equal(out, again)
    print(f"{'ok  ' if good else 'FAIL'} {kernel.symbol} {m}x{n}x{k} stages {stages} group {group}: error {error:.1e}")
    return good


def graph(calls):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for run in calls:
            run()
        stream.synchronize()
        captured = torch.cuda.CUDAGraph()
        captured.capture_begin()
        for run in calls:
            run()
        captured.capture_end()
    return captured


def microseconds(captured, count):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    captured.replay()
    start.record()
    captured.replay()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) * 1e3 / count


def race(kernels, types, n, stage_choices, groups):
    """Times all variants and torch in turns; returns a line for each, the fastest first."""
    sets = max(1, min(16, 120_000_000 // (4 * n * n)))
    calls = max(sets, min(64, int(4e8 / n ** 2))) // sets * sets
    inputs = [tuple(torch.randn(n, n, device="cuda", dtype=types) for _ in range(2)) for _ in range(sets)]
    out = torch.empty(n, n, device="cuda", dtype=types)
    graphs = {"torch": graph([lambda i=i: torch.matmul(*inputs[i % sets], out=out) for i in range(calls)])}
    for kernel in kernels:
        for stages in stage_choices:
            if stages * kernel.stage_bytes > torch.cuda.get_device_properties(0).shared_memory_per_block_optin:
                continue
            for group in groups:
                graphs[f"{kernel.symbol} stages {stages} group {group}"] = graph(
                    [kernel.launcher(out, *inputs[i % sets], stages, group) for i in range(calls)])
    times = {name: [] for name in graphs}
    for _ in range(ROUNDS):
        for name, captured in graphs.items():
            times[name].append(microseconds(captured, calls))
    medians = {name: statistics.median(values) for name, values in times.items()}
    lines = []
    for name, us in sorted(medians.items(), key=lambda entry: entry[1]):
        lines.append({"case": f"{n}x{n}x{n}", "variant": name, "microseconds": round(us, 2),
                      "tflops": round(2 * n ** 3 / us / 1e6, 1), "ratio": round(medians["torch"] / us, 3),
                      "spread": round((max(times[name]) - min(times[name])) / us, 3)})
    return lines


def main():
    numbers = lambda text: [int(part) for part in text.split(",")]
    options = argparse.ArgumentParser()
    options.add_argument("--source", type=Path, default=CUDA / "gemm/tensor_f16_sm80.cu")
    options.add_argument("--kernel", default="*")
    options.add_argument("--sizes", type=numbers, default=[512, 1024, 2048, 4096, 8192])
    options.add_argument("--stages", type=numbers, default=[3, 4])
    options.add_argument("--groups", type=numbers, default=[4, 8, 16])
    options.add_argument("--json", type=Path)
    chosen = options.parse_args()
    torch.manual_seed(1)
    types, kernels = compile_kernels(chosen.source.resolve(), chosen.kernel)
    limit = torch.cuda.get_device_properties(0).shared_memory_per_block_optin
    # 136 and 264 are multiples of 8, which these kernels ask of rows, and of no tile.
    good = all([check(kernel, types, m, n, k, stages, chosen.groups[0])
                for kernel in kernels
                for stages in chosen.stages if stages * kernel.stage_bytes <= limit
                for m, n, k in ((128, 256, 64), (1, 8, 8), (137, 264, 136), (1024, 1024, 1024))])
    lines = []
    for n in chosen.sizes:
        for line in race(kernels, types, n, chosen.stages, chosen.groups):
            lines.append(line)
            print("{case} {variant}: {microseconds} us, {tflops} TFLOPS, {ratio} of torch, spread {spread}".format(
                **line))
    if chosen.json:
        device = torch.cuda.get_device_properties(0).name
        chosen.json.write_text(json.dumps({"device": device, "torch": torch.__version__, "rows": lines}, indent=1))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

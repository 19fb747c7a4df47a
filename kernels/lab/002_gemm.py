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
import sys
from pathlib import Path

import torch

from laboratory import (CUDA, Int, Long, Pointer, ceil_div, compile_kernels, constants, graph, indexer, launcher,
                        medians, race, save)

TOLERANCE = {torch.float16: 1e-3, torch.bfloat16: 6e-3}


# ---- what the kernels take: gemm/problem.cuh and common/index.cuh


class Finish(ctypes.Structure):
    _fields_ = [("out", Pointer), ("bias", Pointer), ("residual", Pointer), ("out_row", Long), ("out_column", Long),
                ("residual_row", Long), ("out_type", Int), ("activation", Int), ("vector", Int), ("unused", Int)]


Indexer = indexer(3)


class Problem(ctypes.Structure):
    _fields_ = [("a", Pointer), ("b", Pointer), ("finish", Finish), ("rows", Long), ("columns", Long), ("depth", Long),
                ("a_row", Long), ("a_depth", Long), ("b_depth", Long), ("b_column", Long), ("split_stride", Long),
                ("split_depth", Int), ("splits", Int), ("row_tiles", Int), ("column_tiles", Int), ("group", Int),
                ("stages", Int), ("a_vector", Int), ("b_vector", Int), ("batch", Indexer)]


class Kernel:
    """One __global__ function with its tile."""

    def __init__(self, function, symbol, tile, types):
        self.symbol = symbol
        self.function = function
        size = "Large" if "_large" in symbol else "Small"
        self.rows, self.columns = tile[size + "Rows"], tile[size + "Columns"]
        self.threads, self.stage_bytes = tile[size + "Threads"], tile[size + "StageBytes"]
        self.out_type = tile["Out" + {torch.float16: "F16", torch.bfloat16: "Bf16"}[types]]

    def launcher(self, out, a, b, stages, group):
        """Returns a function that enqueues out = a b on torch's stream."""
        m, k = a.shape
        n = b.shape[1]
        tiles = ceil_div(m, self.rows), ceil_div(n, self.columns)
        aligned = all(t.data_ptr() % 16 == 0 and t.stride(0) % 8 == 0 for t in (a, b))
        finish = Finish(out.data_ptr(), None, None, n, 1, 0, self.out_type, 0, int(n % 4 == 0), 0)
        problem = Problem(a.data_ptr(), b.data_ptr(), finish, m, n, k, k, 1, n, 1, 0, k, 1, *tiles,
                          min(group, tiles[0]), stages, int(aligned), 0, Indexer(0, 1))
        return launcher(self.function, tiles[0] * tiles[1], self.threads, stages * self.stage_bytes, problem, out, a, b)


def kernels_of(source, pattern):
    types = torch.bfloat16 if "bf16" in source.name else torch.float16
    tile = constants(source)
    # Row-major operands: a is dense along the depth, b along the columns.
    return types, [Kernel(function, symbol, tile, types) for symbol, function in compile_kernels(source).items()
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


def measure(kernels, types, n, stage_choices, groups):
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
    times = race(graphs, calls)
    middle = medians(times)
    lines = []
    for name, us in middle.items():
        lines.append({"case": f"{n}x{n}x{n}", "variant": name, "microseconds": round(us, 2),
                      "tflops": round(2 * n ** 3 / us / 1e6, 1), "ratio": round(middle["torch"] / us, 3),
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
    types, kernels = kernels_of(chosen.source.resolve(), chosen.kernel)
    limit = torch.cuda.get_device_properties(0).shared_memory_per_block_optin
    # 136 and 264 are multiples of 8, which these kernels ask of rows, and of no tile.
    good = all([check(kernel, types, m, n, k, stages, chosen.groups[0])
                for kernel in kernels
                for stages in chosen.stages if stages * kernel.stage_bytes <= limit
                for m, n, k in ((128, 256, 64), (1, 8, 8), (137, 264, 136), (1024, 1024, 1024))])
    lines = []
    for n in chosen.sizes:
        for line in measure(kernels, types, n, chosen.stages, chosen.groups):
            lines.append(line)
            print("{case} {variant}: {microseconds} us, {tflops} TFLOPS, {ratio} of torch, spread {spread}".format(
                **line))
    save(chosen.json, lines)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

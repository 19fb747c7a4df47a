"""Experiment 005: elementwise operations on arrays too small to fill the GPU, beside torch, without Java.

    python3 kernels/lab/005_small.py [--json RESULT.json]

Compiles elementwise/ with several widths and groups a thread for the GPU that is here; checks each against float64;
then times them inside CUDA graphs, in turn with torch, over up to 256 sets of arrays, which are larger than the L2
cache from 64k elements on. Exits with 1 if a check fails.
"""

import argparse
import ctypes
import sys
import tempfile
from pathlib import Path

import torch

from laboratory import (CUDA, Double, Int, Long, Pointer, ceil_div, compile_kernels, constants, graph, indexer,
                        launcher, medians, race, save)

TYPES = {"f32": torch.float32, "f16": torch.float16}
# Of the larger of 0.01 and the result: half a unit in the last place for 16 bits; of float32 sixteen units, as the
# logistic function's argument is up to 6 there, and rounded three times.
TOLERANCE = {"f32": 2 ** -19, "f16": 2 ** -11 * 1.02}
WAYS = {"f32": [(1, 1), (1, 2), (2, 1), (4, 1), (4, 2)],  # neighbours in a group, groups a thread
        "f16": [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (8, 1), (8, 2)]}
COUNTS = [1 << 10, 1 << 13, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26]
OPERATIONS = {"add": lambda out, x, y: torch.add(x, y, out=out),
              "geluTanh": lambda out, x, _: torch.ops.aten.gelu.out(x, approximate="tanh", out=out),
              "exp": lambda out, x, _: torch.exp(x, out=out)}


# ---- what the kernels take: elementwise/unary.cuh and elementwise/binary.cuh

class Unary(ctypes.Structure):
    _fields_ = [("out", Pointer), ("input", Pointer), ("op", Int), ("mode", Int), ("walk", indexer(2))]


class Source(ctypes.Structure):
    _fields_ = [("data", Pointer), ("real", Double), ("integral", Long)]


class Binary(ctypes.Structure):
    _fields_ = [("out", Pointer), ("a", Source), ("b", Source), ("a_mode", Int), ("b_mode", Int), ("op", Int),
                ("unused", Int), ("error", Pointer), ("walk", indexer(3))]


def compiled():
    """All ways of both kinds of operation, from sources written for them."""
    lines = ['#include "elementwise/floats.cuh"']
    for kind, ways in WAYS.items():
        for width, groups in ways:
            name = f"{kind}_{width}_{groups}"
            lines += [f"OKTO_UNARY_ALONE({name}, {kind}, {width}, {groups}, FloatFunctions)",
                      f"OKTO_BINARY_ALONE({name}, {kind}, {width}, {groups}, FloatFunctions)"]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "small.cu"
        source.write_text("\n".join(lines) + "\n")
        return compile_kernels(source)


class Kernels:
    def __init__(self):
        self.functions = compiled()
        self.constants = constants(CUDA / "elementwise/floats.cuh")

    def run(self, kind, way, operation, out, x, y):
        """A way's launch for out = operation(x, y)."""
        width, groups = way
        each, steps = self.constants["ModeEach"], x.numel() // width
        code = self.constants["Op" + operation[0].upper() + operation[1:]]
        if operation == "add":
            params = Binary(out.data_ptr(), Source(x.data_ptr()), Source(y.data_ptr()), each, each, code)
        else:
            params = Unary(out.data_ptr(), x.data_ptr(), code, each)
        params.walk.rank, params.walk.count = 1, steps
        for tensor in range(3 if operation == "add" else 2):
            params.walk.stride[8 * tensor] = width
        name = f"{'binary' if operation == 'add' else 'unary'}_{kind}_{width}_{groups}"
        threads = self.constants["Threads"]
        return launcher(self.functions[name], ceil_div(steps, threads * groups), threads, 0, params, x, y, out)


def check(kernels, kind, operation):
    good = True
    for count in (8, 1000, 1 << 16):
        x, y = (2 * torch.randn(count, device="cuda").to(TYPES[kind]) for _ in range(2))
        exact = OPERATIONS[operation](torch.empty_like(x, dtype=torch.float64), x.double(), y.double())
        for way in WAYS[kind]:
            out = torch.full_like(x, float("nan"))
            kernels.run(kind, way, operation, out, x, y)()
            error = ((out - exact).abs() / exact.abs().clamp(min=1e-2)).max().item()
            right = error <= TOLERANCE[kind]
            good &= right
            if not right:
                print(f"FAIL {operation} {kind} {count}, {way}: error {error:.1e}")
    return good


def measure(kernels, kind, operation, lines):
    for count in COUNTS:
        copies = max(4, min(256, int(2e8 / (count * TYPES[kind].itemsize))))
        tensors = [[torch.randn(count, device="cuda").to(TYPES[kind]) for _ in range(2)] for _ in range(copies)]
        outs = [torch.empty_like(x) for x, _ in tensors]
        graphs = {"torch": graph([lambda x=x, y=y, out=out: OPERATIONS[operation](out, x, y)
                                  for (x, y), out in zip(tensors, outs)])}
        for way in WAYS[kind]:
            graphs[way] = graph([kernels.run(kind, way, operation, out, x, y)
                                 for (x, y), out in zip(tensors, outs)])
        middle = medians(race(graphs, copies))
        print(f"{operation} {kind} {count}: " + ", ".join(f"{name} {time:.2f}" for name, time in middle.items()))
        lines.append({"case": f"{operation} {kind} {count}",
                      "microseconds": {str(name): round(time, 3) for name, time in middle.items()}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.manual_seed(1)
    kernels, good, lines = Kernels(), True, []
    for kind in TYPES:
        for operation in OPERATIONS:
            good &= check(kernels, kind, operation)
            measure(kernels, kind, operation, lines)
    save(options.json, lines)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

"""Experiment 004: layer norm and softmax over rows beside torch and a copy, without Java.

    python3 kernels/lab/004_rows.py [--type f16|bf16|f32 ...] [--json RESULT.json]

Compiles the kernels of norm/ with nvcc for the GPU that is here; checks them against float64, also on rows that begin
inside a 16-byte word, have outliers, or lie far from 0; then times each way to do it, inside CUDA graphs, in turn with
torch, over inputs larger than the L2 cache. Exits with 1 if a check fails.
"""

import argparse
import ctypes
import sys
from pathlib import Path

import torch
from torch.nn.functional import layer_norm

from laboratory import (CUDA, MAX_DYNAMIC_SHARED, Double, Int, Long, Pointer, Unsigned, call, ceil_div,
                        compile_kernels, constants, graph, indexer, launcher, medians, race, save)

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
# Of the larger of 1 and the result: half a unit in the last place for 16 bits, and a few roundings of float32.
TOLERANCE = {"f32": 2e-6, "f16": 2 ** -11 * 1.02, "bf16": 2 ** -8 * 1.02}
SIZES = [(174762, 768), (131072, 1024), (83886, 1600), (32768, 4096), (2670, 50257), (2670, 50264), (1024, 768),
         (8, 50257), (1, 50257)]  # of 16-bit numbers; half the rows of float32


# ---- what the kernels take: norm/layernorm.cuh and norm/softmax.cuh

Indexer = indexer(2)


class Parameter(ctypes.Structure):
    _fields_ = [("at", Pointer), ("wide", Int), ("unused", Int)]


class LayerNorm(ctypes.Structure):
    _fields_ = [("out", Pointer), ("input", Pointer), ("rows", Indexer), ("out_stride", Long), ("in_stride", Long),
                ("gamma", Parameter), ("beta", Parameter), ("epsilon", Double)] + [
        (name, Int) for name in ("count", "group_bits", "vectors", "slice", "slices", "unused")] + [
        ("partial", Pointer)]


class Softmax(ctypes.Structure):
    _fields_ = [("out", Pointer), ("input", Pointer), ("rows", Indexer), ("out_stride", Long), ("in_stride", Long)] + [
        (name, Int) for name in ("count", "logarithm", "group_bits", "vectors", "slice", "slices")] + [
        ("partial", Pointer)]


class Launch(ctypes.Structure):
    """CUlaunchConfig."""

    _fields_ = [(name, Unsigned) for name in ("grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z",
                                              "shared")] + [
        ("stream", Pointer), ("attributes", Pointer), ("attribute_count", Unsigned)]


def over(x):
    rows = Indexer(1, x.shape[0])
    rows.stride[0] = rows.stride[8] = x.stride(0)
    return rows


class Kernels:
    """Launches the kernels of one type."""

    def __init__(self, kind):
        self.kind = kind
        self.functions, self.constants = {}, {}
        clusters = ["layernorm_floating_sm90a"] if torch.cuda.get_device_capability() == (9, 0) else []
        for name in ["layernorm_floating_sm80", "softmax_floating_sm80"] + clusters:
            source = CUDA / f"norm/{name}.cu"
            self.functions |= compile_kernels(source)
            self.constants |= constants(source)
        self.vector = 16 // TYPES[kind].itemsize
        self.held = self.constants["HeldFloats" if kind == "f32" else "HeldHalves"] // self.vector

    def vectors(self, count):
        """Vectors of a row that may begin inside one, if its length is no multiple of them."""
        return ceil_div(count + (self.vector - 1 if count % self.vector else 0), self.vector)

    def layer_norms(self, x, gamma, beta, out):
        """The ways that there are, by name."""
        count, vectors = x.shape[1], self.vectors(x.shape[1])
        params = lambda **more: LayerNorm(
            out.data_ptr(), x.data_ptr(), over(x), 1, 1, Parameter(gamma.data_ptr(), int(self.kind == "f32"), 0),
            Parameter(beta.data_ptr(), int(self.kind == "f32"), 0), 1e-5, count, **more)
        found = {}
        threads = self.constants["LayerNormThreads"]
        for bits in range(4, 9):
            if self.held << bits < vectors or vectors <= 1 << bits:
                continue
            for way in ("row", "plain") if count % self.vector == 0 else ("row",):
                function = self.functions[f"layernorm_{way}_{self.kind}"]
                found[f"{way}, {1 << bits} threads a row"] = launcher(
                    function, ceil_div(x.shape[0], threads >> bits), threads, 0,
                    params(group_bits=bits, vectors=ceil_div(vectors, 1 << bits)), x, gamma, beta, out)
        cluster = self.cluster(x, params)
        if cluster:
            found["cluster"] = cluster
        if vectors > self.held * self.constants["LayerNormLongThreads"]:
            found["split"] = self.split(x, params)
        return found

    def cluster(self, x, params):
        if f"layernorm_cluster_{self.kind}" not in self.functions:
            return None
        blocks = 8 if self.kind == "f32" else 4
        threads = self.constants["ClusterThreads"]
        share = ceil_div(x.shape[1] // self.vector, blocks)
        turns = ceil_div(share + 7, threads)
        if turns > self.constants["ClusterVectors"] or share < threads + 2 * blocks:
            return None
        function, shared, most = self.functions[f"layernorm_cluster_{self.kind}"], 32 * share, Int()
        call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, shared)
        config = Launch(blocks, 1, 1, threads, 1, 1, shared, None, None, 0)
        call("cuOccupancyMaxActiveClusters", ctypes.byref(most), function, ctypes.byref(config))
        clusters = min(x.shape[0], most.value - most.value % self.vector)
        return launcher(function, blocks * clusters, threads, shared, params(vectors=turns, slice=share), x)

    def split(self, x, params):
        threads = self.constants["LayerNormThreads"]
        part = (threads * self.held - 1) * self.vector
        parts = ceil_div(x.shape[1], part)
        moments = torch.empty(3 * x.shape[0] * parts, device="cuda")
        struct = params(vectors=self.held, slice=part, slices=parts, partial=moments.data_ptr())
        kernels = [launcher(self.functions[f"layernorm_{way}_{self.kind}"], x.shape[0] * parts, threads, 0, struct, x,
                            moments) for way in ("partial", "finish")]
        return lambda: [kernel() for kernel in kernels]

    def softmax(self, x, out):
        """One block a row, for rows as long as a vocabulary; None for others."""
        half = "Float" if self.kind == "f32" else "Half"
        threads = self.constants[f"Softmax{half}Threads"]
        held = self.constants["LongestFloats" if self.kind == "f32" else "LongestHalves"]
        line = self.constants["LineBytes"] // TYPES[self.kind].itemsize
        vectors = ceil_div(x.shape[1] + line - 1, self.vector)
        if not self.held * self.constants["SoftmaxLongThreads"] < vectors <= threads * held // self.vector:
            return None
        params = Softmax(out.data_ptr(), x.data_ptr(), over(x), 1, 1, x.shape[1], 0, threads.bit_length() - 1,
                         ceil_div(vectors, threads))
        return launcher(self.functions[f"softmax_longest_{self.kind}"], x.shape[0], threads, 0, params, x, out)


def check(kernels):
    kind, good = kernels.kind, True
    draws = {"normal": lambda *shape: 2 * torch.randn(*shape, device="cuda") + 3,
             "far from 0": lambda *shape: torch.randn(*shape, device="cuda") + 300,
             "outliers": lambda *shape: torch.randn(*shape, device="cuda") * torch.where(
                 torch.arange(shape[1], device="cuda") < 40, 3000.0, 1.0)}
    for count in (256, 768, 1000, 1024, 1600, 4096, 8192, 17000, 29001, 33000, 50257, 50264, 57000):
        for drawn, draw in draws.items():
            x = draw(300, count).to(TYPES[kind])
            gamma, beta = (torch.randn(count, device="cuda").to(TYPES[kind]) for _ in range(2))
            out = torch.empty_like(x)
            exact = layer_norm(x.double(), (count,), gamma.double(), beta.double(), 1e-5)
            # A mean of float32 is off by a unit or two in its last place, times the scale.
            far = 300 * 2 ** -22 * gamma.abs().max().item() if drawn == "far from 0" else 0
            tolerance = TOLERANCE[kind] + far
            for name, run in kernels.layer_norms(x, gamma, beta, out).items():
                out.fill_(float("nan"))
                run()
                error = ((out - exact).abs() / exact.abs().clamp(min=1)).max().item()
                right = error <= tolerance
                good &= right
                print(f"{'ok  ' if right else 'FAIL'} layer norm {kind} {count} {drawn}, {name}: error {error:.1e}")
            run = kernels.softmax(x, out)
            if run and drawn == "normal":
                run()
                exact = x.double().softmax(-1)
                error = ((out - exact).abs() / exact.clamp(min=1e-4)).max().item()
                right = error <= 2 * TOLERANCE[kind] + 1e-5
                good &= right
                print(f"{'ok  ' if right else 'FAIL'} softmax {kind} {count}: error {error:.1e}")
    return good


def measure(kernels, copied, lines):
    kind = kernels.kind
    for rows, count in SIZES:
        rows = max(1, rows // 2) if kind == "f32" else rows
        size = rows * count * TYPES[kind].itemsize
        copies = max(2, min(64, int(2e8 / size)))
        sets = [torch.randn(rows, count, device="cuda").to(TYPES[kind]) for _ in range(copies)]
        outs = [torch.empty_like(x) for x in sets]
        gamma, beta = (torch.randn(count, device="cuda").to(TYPES[kind]) for _ in range(2))
        for operation, torch_run, runs in (
                ("layer norm", lambda x: layer_norm(x, (count,), gamma, beta, 1e-5),
                 [kernels.layer_norms(x, gamma, beta, out) for x, out in zip(sets, outs)]),
                ("softmax", lambda x: x.softmax(-1),
                 [{"longest": kernels.softmax(x, out)} for x, out in zip(sets, outs)])):
            graphs = {"torch": graph([lambda x=x: torch_run(x) for x in sets])}
            graphs |= {name: graph([run[name] for run in runs]) for name in runs[0] if runs[0][name]}
            if len(graphs) == 1:
                continue
            case = f"{operation} {kind} {rows}x{count}"
            middle = medians(race(graphs, copies))
            for name, time in middle.items():
                print(f"{case}: {name:24s} {time:9.2f} us, {middle['torch'] / time:.2f} times torch, "
                      f"{2 * size / time / 1e3 / copied:.3f} of copy")
            lines.append({"case": case, "microseconds": {n: round(t, 3) for n, t in middle.items()}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--type", choices=TYPES, nargs="+", default=list(TYPES))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.manual_seed(1)
    a, b = (torch.empty(1 << 28, dtype=torch.uint8, device="cuda") for _ in range(2))
    copied = 2 * a.numel() / medians(race({"copy": graph([lambda: b.copy_(a)] * 4)}, 4))["copy"] / 1e3
    print(f"a copy of 256 MB reaches {copied:.0f} GB/s")
    good, lines = True, []
    for kind in options.type:
        kernels = Kernels(kind)
        good &= check(kernels)
        measure(kernels, copied, lines)
    save(options.json, lines)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

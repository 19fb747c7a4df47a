"""Experiment 003: tiles and chunks of attention beside torch's scaled_dot_product_attention, without Java.

    python3 kernels/lab/003_attention.py [--type f16|bf16|f32] [--kernel PATTERN] [--json RESULT.json]

Compiles the attention kernels of a type with nvcc for the GPU that is here; checks every kernel against float64, with
masks and without; then times each tile of queries, and for one query each size of chunk, inside CUDA graphs, in turn
with torch, over inputs that rotate through more than the L2 cache. Exits with 1 if a check fails.
"""

import argparse
import ctypes
import fnmatch
import math
import re
import sys
from pathlib import Path

import torch
from torch.nn.functional import scaled_dot_product_attention

from laboratory import (CUDA, Float, Int, Long, Pointer, ceil_div, compile_kernels, constants, graph, launcher,
                        medians, race, save)

TYPES = {"f16": torch.float16, "bf16": torch.bfloat16, "f32": torch.float32}
TOLERANCE = {"f16": 1e-3, "bf16": 8e-3, "f32": 1e-5}

# batch, heads, queries, keys, width, causal
PLACES = [(1, 1, 128, 128, 64, 0), (1, 1, 512, 512, 64, 0), (1, 1, 1024, 1024, 64, 0), (8, 1, 128, 128, 64, 0),
          (32, 1, 128, 128, 64, 0), (4, 1, 256, 256, 64, 0), (4, 1, 512, 512, 64, 0), (8, 1, 256, 256, 64, 0),
          (1, 12, 128, 128, 64, 1), (1, 12, 512, 512, 64, 1), (1, 12, 1024, 1024, 64, 1), (8, 12, 1024, 1024, 64, 1),
          (32, 12, 1024, 1024, 64, 1), (8, 12, 2048, 2048, 64, 1), (4, 16, 2048, 2048, 128, 1),
          (1, 12, 1, 1024, 64, 1), (8, 12, 1, 1024, 64, 1), (32, 12, 1, 1024, 64, 1), (32, 12, 1, 2048, 64, 1)]


# ---- what the kernels take: attention/params.cuh


class Place(ctypes.Structure):
    _fields_ = [("batch", Long), ("head", Long), ("row", Long), ("column", Long), ("vectors", Int), ("unused", Int)]


class Params(ctypes.Structure):
    _fields_ = [(name, Pointer) for name in ("out", "query", "keys", "values", "mask")] + [
        (name, Place) for name in ("out_place", "query_place", "key_place", "value_place")] + [
        ("mask_batch", Long), ("mask_key", Long), ("scale", Float), ("negate", Int)] + [
        (name, Int) for name in ("heads", "all_heads", "queries", "key_count", "width", "shift", "tiles", "chunk",
                                 "chunks", "lane_bits")] + [("sums", Pointer), ("weights", Pointer)]


def place(tensor):
    strides = tensor.stride()
    vector = 16 // tensor.element_size()
    vectors = (tensor.data_ptr() % 16 == 0 and tensor.shape[3] % vector == 0 and strides[3] == 1
               and all(s % vector == 0 for s in strides[:3]))
    return Place(*strides, int(vectors), 0)


class Kernels:
    """Launches the kernels of one type."""

    def __init__(self, kind):
        self.kind = kind
        self.functions, self.constants = {}, {}
        for name in (f"prompt_{kind}", "split_floating"):
            source = CUDA / f"attention/{name}_sm80.cu"
            functions, found = compile_kernels(source), constants(source)
            self.functions |= {s: f for s, f in functions.items() if f"_{kind}" in s and s not in self.functions}
            self.constants |= found

    def choices(self, queries, keys, width):
        """The kernels that can do it, each with sizes of chunk to try."""
        found = []
        for symbol in sorted(self.functions):
            prompt = re.fullmatch(rf"attention_{self.kind}_d(\d+)_q(\d+)", symbol)
            if prompt:
                widths = {int(m[1]) for s in self.functions if (m := re.search(r"_d(\d+)_q", s))}
                if int(prompt[1]) == min((w for w in widths if w >= width), default=0):
                    found.append((symbol, keys))
            elif "combine" not in symbol and queries <= 16:
                numbers = self.constants["WideWidth" if "wide" in symbol else "SplitWidth"]
                if width <= 32 * numbers and (queries == 1 or "_one_" not in symbol):
                    found += [(symbol, chunk) for chunk in (64, 128, 256, keys) if chunk <= keys]
        return list(dict.fromkeys(found))

    def launcher(self, symbol, chunk, out, q, k, v, mask, scale, causal):
        """Returns a function that enqueues the attention on torch's stream."""
        batch, heads, queries, width = q.shape
        keys = k.shape[2]
        prompt = re.search(r"_d(\d+)_q(\d+)", symbol)
        rows = int(prompt[2]) if prompt else self.constants["FewQueries"] if "_few_" in symbol else 1
        numbers = self.constants["WideWidth" if "wide" in symbol else "SplitWidth"]
        threads = {("f32", 16): 128, ("f32", 32): 128, ("f32", 64): 128}.get((self.kind, rows), 32 * rows // 16)
        if prompt and self.kind != "f32" and rows == 128 and int(prompt[1]) == 64:
            threads = 128  # a warp has twice 16 queries
        threads = threads if prompt else self.constants["SplitThreads"]
        shared = self.constants[f"SharedD{prompt[1]}Q{prompt[2]}"] if prompt else 0
        tiles, chunks = ceil_div(queries, rows), ceil_div(keys, chunk)
        halves = prompt and self.kind != "f32"
        factor = scale * math.log2(math.e)
        parts = [torch.full((batch * heads * queries * chunks * n,), float("nan"), device="cuda") for n in (width, 2)]
        params = Params(out.data_ptr(), q.data_ptr(), k.data_ptr(), v.data_ptr(),
                        None if mask is None else mask.data_ptr(), place(out), place(q), place(k), place(v), keys, 1,
                        abs(factor) if halves else factor, int(bool(halves) and scale < 0), heads, batch * heads,
                        queries, keys, width, keys - queries if causal else keys, tiles, chunk, chunks,
                        max(0, math.ceil(math.log2(width / numbers))), parts[0].data_ptr(), parts[1].data_ptr())
        kept = parts, out, q, k, v, mask
        attend = launcher(self.functions[symbol], batch * heads * tiles * chunks, threads, shared, params, *kept)
        if chunks == 1:
            return attend
        combine = launcher(self.functions[f"attention_combine_{self.kind}"], batch * heads * queries,
                           self.constants["SplitThreads"], 0, params, *kept)

        def launch():
            attend()
            combine()
        return launch


def exact(q, k, v, mask, scale, causal):
    q, k, v = q.double(), k.double(), v.double()
    queries, keys = q.shape[2], k.shape[2]
    scores = scale * q @ k.transpose(2, 3)
    seen = torch.ones(queries, keys, dtype=torch.bool, device="cuda").tril(keys - queries if causal else keys)
    shown = seen if mask is None else seen & (mask[:, None, None, :] != 0)
    weights = torch.where(shown, scores, -torch.inf).softmax(-1)
    mean = seen.double() / seen.sum(-1, keepdim=True)
    return torch.where(shown.any(-1, keepdim=True), weights.nan_to_num(), mean) @ v


def check(kernels, pattern):
    good = True
    kind = kernels.kind
    for batch, heads, queries, keys, width, causal in [
            (2, 2, 1, 300, 64, 1), (1, 2, 1, 130, 24, 1), (2, 1, 5, 200, 80, 1), (2, 3, 9, 9, 32, 1),
            (1, 2, 3, 70, 256, 1),
            (2, 2, 70, 133, 64, 1), (2, 1, 200, 200, 64, 0), (2, 1, 130, 150, 128, 1), (2, 1, 65, 80, 200, 1),
            (1, 1, 70, 90, 20, 1), (2, 1, 3, 60, 300, 1)]:
        for masked in (False, True):
            # Rows of a longer cache.
            q, k, v = (torch.randn(batch, heads, n + 3, width, device="cuda").to(TYPES[kind])[:, :, :n]
                       for n in (queries, keys, keys))
            mask = torch.randint(0, 4, (batch, keys), device="cuda") if masked else None
            if masked:
                mask[-1, :-1] = 0
            scale = 1 / math.sqrt(width)
            expected = exact(q, k, v, mask, scale, causal)
            for symbol, chunk in kernels.choices(queries, keys, width):
                if not fnmatch.fnmatch(symbol, pattern):
                    continue
                out = torch.full((batch, queries, heads, width), float("nan"), device="cuda",
                                 dtype=TYPES[kind]).transpose(1, 2)
                kernels.launcher(symbol, chunk, out, q, k, v, mask, scale, causal)()
                error = (out - expected).abs().max().item()
                right = error <= TOLERANCE[kind] * expected.abs().max().clamp(min=1).item()
                good &= right
                print(f"{'ok  ' if right else 'FAIL'} {symbol:24s} chunk {chunk:4d} b{batch} h{heads} t{queries} "
                      f"s{keys} d{width} causal {causal} masked {int(masked)}: error {error:.1e}")
    return good


def measure(kernels, pattern, rows_of_result):
    for batch, heads, queries, keys, width, causal in PLACES:
        size = batch * heads * (queries + 2 * keys) * width * TYPES[kernels.kind].itemsize
        copies = max(4, min(32, int(1.5e8 / size) + 1))
        sets = [[torch.randn(batch, heads, n, width, device="cuda").to(TYPES[kernels.kind])
                 for n in (queries, keys, keys)] for _ in range(copies)]
        outs = [torch.empty_like(q) for q, _, _ in sets]
        scale = 1 / math.sqrt(width)
        masked = bool(causal) and queries > 1
        graphs = {"torch": graph([lambda s=s: scaled_dot_product_attention(*s, is_causal=masked) for s in sets])}
        for symbol, chunk in kernels.choices(queries, keys, width):
            if fnmatch.fnmatch(symbol, pattern) and not ("_few_" in symbol or "_wide_" in symbol):
                graphs[f"{symbol} chunk {chunk}"] = graph(
                    [kernels.launcher(symbol, chunk, out, *s, None, scale, causal) for s, out in zip(sets, outs)])
        middle = medians(race(graphs, copies))
        case = f"{kernels.kind} b{batch} h{heads} t{queries} s{keys} d{width}" + (" causal" if causal else "")
        for name, time in middle.items():
            print(f"{case}: {name:36s} {time:9.2f} us, {middle['torch'] / time:.2f} times torch")
        rows_of_result.append({"case": case, "microseconds": {n: round(t, 3) for n, t in middle.items()}})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--type", choices=TYPES, default="f16")
    parser.add_argument("--kernel", default="*")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.manual_seed(1)
    kernels = Kernels(options.type)
    good = check(kernels, options.kernel)
    rows_of_result = []
    measure(kernels, options.kernel, rows_of_result)
    save(options.json, rows_of_result)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

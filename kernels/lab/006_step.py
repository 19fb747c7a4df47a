"""Experiments 006 and 007: a step of GPT-2 in one launch, with barriers among its blocks and without, without Java.

    python3 kernels/lab/006_step.py [--type f16|bf16|f32 ...] [--json RESULT.json]

Compiles the kernels of gpt2/ with nvcc for the GPU that is here; checks logits against a float64 model, after prompts
that went through steps and after prompts that went through large products, and that a sequence's logits are the same
bits alone and among others; then times steps at several batches and lengths, one sequence also with barriers, beside
what a copy of the bytes that they must read would take, and the prompt's products beside torch. Exits with 1 if a check
fails.
"""

import argparse
import ctypes
import math
import statistics
import struct
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from laboratory import (CUDA, MAX_DYNAMIC_SHARED, Float, Int, Long, Pointer, call, ceil_div, compile_kernels, constants,
                        save)

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
# Of the largest logit. 16-bit activations lose half a unit in the last place at each of some ten roundings a layer. In
# float32, tensor cores truncate sums: some 2^-24 at each of the 384 products in a row of a depth of 3,072.
TOLERANCE = {"f32": 2.3e-5, "f16": 4e-3, "bf16": 3e-2}
K = {name: value for file in ("step", "single", "prompt", "pack")
     for name, value in constants(CUDA / f"gpt2/{file}.cuh").items()}
SEED = 5


def fields(text):
    kinds = {"p": Pointer, "i": Int, "l": Long, "f": Float}
    return [(name, kinds[kind]) for kind, name in (entry.split(":") for entry in text.split())]


class Shape(ctypes.Structure):
    _fields_ = fields("i:layers i:hidden i:hidden_tiles i:heads i:head_width i:attention_tiles i:inner i:inner_tiles "
                      "i:vocabulary i:positions i:activation f:epsilon")


class Weights(ctypes.Structure):
    _fields_ = fields("p:layers p:tokens p:head p:positions p:last_gain p:last_shift")


class Sequences(ctypes.Structure):
    _fields_ = fields("p:pages p:history p:newest l:layer_bytes l:value_bytes i:slot_pages i:history_pitch")


class Step(ctypes.Structure):
    _fields_ = [("shape", Shape), ("weights", Weights), ("sequences", Sequences)] + fields(
        "p:x p:partials p:query p:normalized p:attended p:inner p:chunks p:chunk_counts p:logits p:best p:barrier "
        "p:tokens p:words l:logits_pitch i:columns i:most_chunks i:merge_slices i:down_slices i:wants_logits "
        "i:activations_at i:vectors_at") + [
        ("places", Int * 6)] + fields("i:first_turn i:kept_turn i:step") + [("slots", Int * 32), ("given", Int * 32)]


class Packing(ctypes.Structure):
    _fields_ = fields("p:source p:to l:output_stride l:depth_stride l:units i:kind i:depth_tiles i:output_groups "
                      "i:output_width i:output_packed i:depth_groups i:depth_width i:depth_packed")


class PromptNorm(ctypes.Structure):
    _fields_ = [("shape", Shape), ("weights", Weights), ("sequences", Sequences)] + fields(
        "p:x p:gain p:shift p:out i:embeds i:slot i:first")


class PromptProduct(ctypes.Structure):
    _fields_ = [("shape", Shape), ("sequences", Sequences)] + fields(
        "p:input p:weights p:bias p:out l:out_pitch i:tokens i:outputs i:depth_tiles i:way i:layer i:slot i:first")


def stream():
    return ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)


def launch(function, grid, threads, shared, parameters, cooperative=False):
    pointers = (ctypes.c_void_p * 1)(ctypes.addressof(parameters))
    grid = grid if isinstance(grid, tuple) else (grid, 1, 1)
    name = "cuLaunchCooperativeKernel" if cooperative else "cuLaunchKernel"
    rest = () if cooperative else (None,)
    call(name, function, *grid, threads, 1, 1, shared, stream(), pointers, *rest)


class Model:
    """Random weights, in float64 for the reference and packed for the kernels."""

    def __init__(self, kind, layers, hidden, heads, width, inner, vocabulary, positions, spread=0.05):
        self.kind, self.dtype = kind, TYPES[kind]
        self.layers, self.hidden, self.heads, self.width = layers, hidden, heads, width
        self.inner, self.vocabulary, self.positions = inner, vocabulary, positions
        size = torch.finfo(self.dtype).bits // 8
        self.depth = 32 // size
        self.packed_width = ceil_div(width, 16 // size) * (16 // size)
        torch.manual_seed(SEED)
        self.packers = compile_kernels(CUDA / "gpt2/pack_any_sm80.cu")
        self.steps = dict(compile_kernels(CUDA / f"gpt2/step_{kind}_sm80.cu"))
        self.has_single = torch.cuda.get_device_capability() == (9, 0)
        if self.has_single:
            self.steps.update(compile_kernels(CUDA / f"gpt2/single_{kind}_sm90a.cu"))
        self.prompts = compile_kernels(CUDA / f"gpt2/prompt_{kind}_sm80.cu")
        self.keep = []
        matrix = lambda rows, columns: (torch.randn(rows, columns, device="cuda") * spread).to(self.dtype)
        vector = lambda n, mean=0.0: mean + 0.1 * torch.randn(n, device="cuda")
        self.wte, self.wpe = matrix(vocabulary, hidden), matrix(positions, hidden)
        self.tokens = self.pack(self.wte, True)
        attention = heads * width
        self.layer, self.rows = [], []
        table = []
        for _ in range(layers):
            w = dict(g1=vector(hidden, 1), s1=vector(hidden), qkv=matrix(hidden, 3 * attention),
                     qkv_bias=vector(3 * attention), merge=matrix(attention, hidden), merge_bias=vector(hidden),
                     g2=vector(hidden, 1), s2=vector(hidden), up=matrix(hidden, inner), up_bias=vector(inner),
                     down=matrix(inner, hidden), down_bias=vector(hidden))
            order = ["g1", "s1", "merge_bias", "g2", "s2", "down_bias", "up_bias", "qkv_bias"]
            # Gains, shifts and biases of a layer lie together.
            padded_bias = torch.zeros(3 * heads, self.packed_width, device="cuda")
            padded_bias[:, :width] = w["qkv_bias"].view(3 * heads, width)
            parts = [padded_bias.view(-1) if name == "qkv_bias" else w[name] for name in order]
            together = torch.cat(parts).split([len(part) for part in parts])
            flat = dict(zip(order, together))
            self.layer.append(w)
            scale = math.log2(math.e) / math.sqrt(width)
            row = [flat["g1"], flat["s1"], self.pack(w["qkv"], False, outputs=(3 * heads, width)), flat["qkv_bias"],
                   self.pack(w["merge"], False, depths=(heads, width)), flat["merge_bias"], flat["g2"], flat["s2"],
                   self.pack(w["up"], False), flat["up_bias"], self.pack(w["down"], False), flat["down_bias"]]
            self.rows.append(row)
            table += [t.data_ptr() for t in row]
            table.append(int.from_bytes(struct.pack("<f", scale), "little"))
        self.table = torch.tensor(table, dtype=torch.int64, device="cuda")
        assert len(table) * 8 == layers * K["LayerBytes"]
        self.last_gain, self.last_shift = vector(hidden, 1), vector(hidden)
        tiles = lambda n: ceil_div(n, self.depth)
        self.shape = Shape(layers, hidden, tiles(hidden), heads, self.packed_width, tiles(heads * self.packed_width),
                           inner, tiles(inner), vocabulary, positions, 3, 1e-5)
        self.weights = Weights(self.table.data_ptr(), self.tokens.data_ptr(), self.tokens.data_ptr(),
                               self.wpe.data_ptr(), self.last_gain.data_ptr(), self.last_shift.data_ptr())

    def pack(self, matrix, transposed, outputs=None, depths=None):
        """Packs (depth, outputs), or (outputs, depth) when transposed."""
        depth, output = matrix.shape if not transposed else matrix.shape[::-1]
        stride = (matrix.stride(1), matrix.stride(0)) if not transposed else (matrix.stride(0), matrix.stride(1))
        group = lambda given, size: (*given, self.packed_width) if given else (1, size, size)
        outs, ins = group(outputs, output), group(depths, depth)
        tiles = ceil_div(outs[0] * outs[2], 16), ceil_div(ins[0] * ins[2], self.depth)
        packed = torch.full((tiles[0] * tiles[1] * 512,), 255, dtype=torch.uint8, device="cuda")
        units = tiles[0] * tiles[1] * 64
        kind = ["f32", "f16", "bf16"].index(self.kind)
        p = Packing(matrix.data_ptr(), packed.data_ptr(), *stride, units, kind, tiles[1], *outs, *ins)
        launch(self.packers[f"gpt2_pack_{self.kind}"], 1024, K["PackThreads"], 0, p)
        self.keep.append(packed)
        return packed

    def reference(self, ids):
        """Logits after the last of the ids, in float64."""
        d = lambda t: t.double()
        ids = torch.tensor(ids, device="cuda")
        x = d(self.wte[ids]) + d(self.wpe[:len(ids)])
        norm = lambda x, g, s: F.layer_norm(x, (self.hidden,), d(g), d(s), 1e-5)
        for w in self.layer:
            qkv = norm(x, w["g1"], w["s1"]) @ d(w["qkv"]) + d(w["qkv_bias"])
            q, k, v = qkv.view(len(ids), 3, self.heads, self.width).permute(1, 2, 0, 3)
            y = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True)[0]
            x = x + y.transpose(0, 1).reshape(len(ids), -1) @ d(w["merge"]) + d(w["merge_bias"])
            h = F.gelu(norm(x, w["g2"], w["s2"]) @ d(w["up"]) + d(w["up_bias"]), approximate="tanh")
            x = x + h @ d(w["down"]) + d(w["down_bias"])
        return norm(x[-1], self.last_gain, self.last_shift) @ d(self.wte).T


class Session:
    """Sequences with their cache, in pages of which none lies beside its next."""

    def __init__(self, model, slots, most, slices):
        self.model, self.slots = model, slots
        m, dtype = model, model.dtype
        pages = ceil_div(most, K["PagePositions"])
        attention = m.heads * m.packed_width
        part = K["PagePositions"] * attention
        self.cache = torch.full((slots * pages, m.layers, 2, part), float("nan"), dtype=dtype, device="cuda")
        size = self.cache.element_size()
        order = torch.randperm(slots * pages)
        self.pages = (self.cache.data_ptr() + order * m.layers * 2 * part * size).to(torch.int64).cuda()
        self.history = torch.zeros(slots, most + 1, dtype=torch.int32, device="cuda")
        self.newest = torch.zeros(slots, dtype=torch.int32, device="cuda")
        self.sequences = Sequences(self.pages.data_ptr(), self.history.data_ptr(), self.newest.data_ptr(),
                                   2 * part * size, part * size, pages, most + 1)
        columns = K["MostColumns"]
        empty = lambda *shape, dtype=torch.float32: torch.zeros(*shape, dtype=dtype, device="cuda")
        s, depth = m.shape, m.depth
        self.chunks = ceil_div(most, K["ChunkKeys"])
        self.slices = [self.fit(s.attention_tiles, slices[0]), self.fit(s.inner_tiles, slices[1])]
        self.grid = torch.cuda.get_device_properties(0).multi_processor_count
        self.pitch = ceil_div(m.vocabulary, 4) * 4
        self.logits = empty(columns, self.pitch)
        self.best = empty(self.grid * 8, columns, dtype=torch.int64)
        size = 32 // depth
        sizes = [3 * attention, self.slices[0] * m.hidden, ceil_div(m.inner, 16) * 4 * size,
                 self.slices[1] * m.hidden, m.heads * self.chunks * (m.packed_width + 4)]
        self.places = [sum(sizes[:i]) for i in range(6)]
        words = torch.full((K["Turns"] * self.places[5] + K["KeptTurns"] * m.hidden,), -1, dtype=torch.int32,
                           device="cuda")
        self.singles = 0
        self.buffers = [empty(columns, m.hidden), empty(4, columns, m.hidden),
                        empty(columns, attention), empty(columns, s.hidden_tiles * depth, dtype=dtype),
                        empty(columns, s.attention_tiles * depth, dtype=dtype),
                        empty(columns, s.inner_tiles * depth, dtype=dtype),
                        empty(columns, m.heads, self.chunks, m.packed_width + 2),
                        empty(columns, m.heads, dtype=torch.int32), self.logits, self.best,
                        empty(2, dtype=torch.int32), words]

    singles_allowed = True

    @staticmethod
    def fit(tiles, slices):
        return ceil_div(tiles, ceil_div(tiles, min(slices, tiles)))

    def step(self, columns, wants_logits=True):
        """Enqueues a step for (slot, position or -1) columns."""
        m, s = self.model, self.model.shape
        groups = next(n for n in (1, 2, 4) if len(columns) <= 8 * n)
        *buffers, words = [b.data_ptr() for b in self.buffers]
        p = Step(s, m.weights, self.sequences, *buffers, None, words, self.pitch, len(columns),
                 self.chunks, *self.slices, wants_logits)
        for i, (slot, position) in enumerate(columns):
            p.slots[i], p.given[i] = slot, position
        row = lambda tiles: ceil_div(tiles * 32, 128) * 128 + 32
        rows = max(row(s.hidden_tiles), row(ceil_div(s.attention_tiles, self.slices[0])),
                   row(ceil_div(s.inner_tiles, self.slices[1])))
        ring = 4 if groups == 4 else 8
        single = m.has_single and self.singles_allowed and len(columns) == 1 and wants_logits
        fixed = (K["SharedBytes"] + groups * K["SharedGroupBytes"] + ring * K["SharedSlotBytes"]
                 + m.layers * K["LayerBytes"] + single * (K["SingleBytes"] + ring * K["SingleSlotBytes"]))
        p.places[:] = self.places
        p.activations_at = ceil_div(fixed, 128) * 128
        p.vectors_at = p.activations_at + ceil_div(rows + K["HeldBytes"], 128) * 128
        shared = p.vectors_at + 16 * m.hidden if single else p.activations_at + 8 * groups * rows
        threads = K["SingleThreads"] if single else K["BlockThreads"]
        function = m.steps[f"gpt2_single_{m.kind}_{ring}" if single else f"gpt2_step_{m.kind}_{groups}_{ring}"]
        call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, shared)

        def run():
            p.first_turn, p.kept_turn = self.singles * m.layers % K["Turns"], self.singles % K["KeptTurns"]
            self.singles += single
            launch(function, self.grid, threads, shared, p, cooperative=True)
        return run

    def start(self, prompts, large=()):
        """Puts prompts in slots 0, 1, … and processes all of their tokens but the last."""
        columns = []
        for slot, ids in enumerate(prompts):
            self.history[slot, :len(ids)] = torch.tensor(ids, dtype=torch.int32, device="cuda")
            self.newest[slot] = len(ids) - 1
            if slot in large:
                self.prompt(slot, len(ids) - 1)
            else:
                columns += [(slot, i) for i in range(len(ids) - 1)]
        for i in range(0, len(columns), K["MostColumns"]):
            self.step(columns[i:i + K["MostColumns"]], wants_logits=False)()

    def prompt(self, slot, count):
        m, s = self.model, self.model.shape
        x = torch.zeros(count, m.hidden, device="cuda")
        act = lambda tiles: torch.zeros(count, tiles * m.depth, dtype=m.dtype, device="cuda")
        normed, attended, inner = act(s.hidden_tiles), act(s.attention_tiles), act(s.inner_tiles)
        attention = m.heads * m.packed_width
        qkv = torch.zeros(count, 3 * attention, dtype=m.dtype, device="cuda")
        for index in range(m.layers):
            row = m.rows[index]
            self.norm(x, row[0], row[1], normed, index == 0, slot)
            self.product(normed, row[2], row[3], qkv, 3 * attention, s.hidden_tiles, K["PromptQkv"], index, slot)
            q, k, v = qkv.view(count, 3, m.heads, m.packed_width).permute(1, 2, 0, 3)
            # Of torch's ways, the one whose products of float32 are float32's.
            with sdpa_kernel(SDPBackend.MATH):
                y = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True,
                                                   scale=1 / math.sqrt(m.width))
            attended[:, :attention] = y[0].transpose(0, 1).reshape(count, -1)
            self.product(attended, row[4], row[5], x, m.hidden, s.attention_tiles, K["PromptAdd"], index, slot)
            self.norm(x, row[6], row[7], normed, False, slot)
            self.product(normed, row[8], row[9], inner, m.inner, s.hidden_tiles, K["PromptInner"], index, slot)
            self.product(inner, row[10], row[11], x, m.hidden, s.inner_tiles, K["PromptAdd"], index, slot)
        torch.cuda.synchronize()

    def norm(self, x, gain, shift, out, embeds, slot):
        p = PromptNorm(self.model.shape, self.model.weights, self.sequences, x.data_ptr(), gain.data_ptr(),
                       shift.data_ptr(), out.data_ptr(), embeds, slot, 0)
        launch(self.model.prompts[f"gpt2_prompt_norm_{self.model.kind}"], len(x), 256, 0, p)

    def product(self, rows, weights, bias, out, outputs, tiles, way, index, slot):
        p = PromptProduct(self.model.shape, self.sequences, rows.data_ptr(), weights.data_ptr(), bias.data_ptr(),
                          out.data_ptr(), out.stride(0), len(rows), outputs, tiles, way, index, slot, 0)
        large = ceil_div(len(rows), 128) * ceil_div(outputs, 128) > self.grid * 3 // 4
        times = K["PromptLarge"] if large else K["PromptSmall"]
        function = self.model.prompts[f"gpt2_prompt_product_{self.model.kind}_{times}"]
        shared = K["PromptStages"] * 64 * times * K["PromptRowBytes"]
        call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, shared)
        grid = ceil_div(len(rows), 32 * times), ceil_div(outputs, 32 * times), 1
        launch(function, grid, K["PromptThreads"], shared, p)


def random_ids(count, vocabulary):
    return torch.randint(0, vocabulary, (count,)).tolist()


def check(kind, config, lengths, large, slices):
    model = Model(kind, *config)
    prompts = [random_ids(n, model.vocabulary) for n in lengths]
    many = Session(model, len(prompts), max(lengths) + 1, slices)
    many.start(prompts, large)
    columns = [(slot, -1) for slot in range(len(prompts))]
    many.step(columns)()
    torch.cuda.synchronize()
    worst, where = 0.0, 0
    for slot, ids in enumerate(prompts):
        wanted = model.reference(ids)
        error = ((many.logits[slot, :model.vocabulary].double() - wanted).abs().max() / wanted.abs().max()).item()
        if not error <= worst:
            worst, where = (error if error == error else float("inf")), slot
    best = (many.best.view(-1)[:many.grid * 8 * len(prompts)].view(-1, len(prompts)))
    # Signed comparison of unsigned numbers: the top bit is flipped.
    top = (best ^ (-1 << 63)).max(0).values ^ (-1 << 63)
    ids = (~top & 0xffffffff)
    greedy = torch.equal(ids.cpu(), many.logits[:len(prompts), :model.vocabulary].argmax(1).cpu())
    # One at a time, by the kernels for one column, whose exchange must not remember others.
    together = many.logits.clone()
    alone_same = True
    for slot in 2 * list(range(len(prompts))) if len(prompts) > 1 else [0] * 7:
        many.logits.fill_(float("nan"))
        many.step([(slot, -1)])()
        torch.cuda.synchronize()
        alone_same &= torch.equal(many.logits[0, :model.vocabulary], together[slot, :model.vocabulary])
    for slot in range(0, len(prompts), max(1, len(prompts) // 6)):
        alone = Session(model, 1, max(lengths) + 1, slices)
        alone.start([prompts[slot]], [0] if slot in large else [])
        alone.step([(0, -1)])()
        torch.cuda.synchronize()
        same = torch.equal(alone.logits[0, :model.vocabulary], together[slot, :model.vocabulary])
        alone_same &= same
    good = worst < TOLERANCE[kind] and greedy and alone_same
    print(f"{'ok  ' if good else 'FAIL'} {kind} {config} columns {len(prompts)}: error {worst:.2e} of {TOLERANCE[kind]} "
          f"after {lengths[where]} tokens, argmax {greedy}, alone the same bits {alone_same}", flush=True)
    return not good


def clock(run, count=100, rounds=5):
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    times = []
    for turn in range(rounds + 1):
        start.record()
        for _ in range(count):
            run()
        end.record()
        end.synchronize()
        if turn:
            times.append(start.elapsed_time(end) * 1e3 / count)
    return statistics.median(times)


def copy_rate():
    a = torch.randn(1 << 28, device="cuda")
    b = torch.empty_like(a)
    us = clock(lambda: b.copy_(a), 5)
    return 2 * a.numel() * 4 / us * 1e6


def time_steps(kind, name, config, cases, slices, rate, rows):
    model = Model(kind, *config, spread=0.02)
    for batch, length in cases:
        session = Session(model, batch, length + 1, slices)
        session.cache.normal_()
        session.history.random_(0, model.vocabulary)
        session.newest.fill_(length - 1)
        columns = [(slot, -1) for slot in range(batch)]
        us = clock(session.step(columns))
        session.singles_allowed = False
        barriers_us = clock(session.step(columns)) if batch == 1 else us
        size = session.cache.element_size()
        weights = (sum(t.numel() for w in model.layer for k, t in w.items() if t.dim() == 2) + model.wte.numel()) * size
        cache = batch * length * model.layers * 2 * model.heads * model.width * size
        limit = (weights + cache) / rate * 1e6
        row = dict(model=name, type=kind, batch=batch, length=length, us=us, with_barriers_us=barriers_us,
                   limit_us=limit, tokens_per_second=batch * 1e6 / us, slices=slices)
        rows.append(row)
        print(f"{name} {kind} b{batch} at {length}: {us:.1f} us, with barriers {barriers_us:.1f}, memory {limit:.1f} "
              f"({limit / us:.0%}), {batch * 1e6 / us:,.0f} tokens/s", flush=True)
        del session


def time_products(kind, config, counts, rows):
    model = Model(kind, *config, spread=0.02)
    s = model.shape
    for count in counts:
        session = Session(model, 1, count + 1, (1, 1))
        row, w = model.rows[0], model.layer[0]
        attention = model.heads * model.packed_width
        act = lambda tiles: torch.randn(count, tiles * model.depth, device="cuda").to(model.dtype)
        x = torch.zeros(count, model.hidden, device="cuda")
        wide = act(s.hidden_tiles), act(s.inner_tiles)
        out = torch.empty(count, 3 * attention, dtype=model.dtype, device="cuda")
        inner = act(s.inner_tiles)
        for name, ours, torchs in (
                ("qkv", lambda: session.product(wide[0], row[2], row[3], out, 3 * attention, s.hidden_tiles,
                                                K["PromptQkv"], 0, 0), lambda: wide[0] @ w["qkv"]),
                ("merge", lambda: session.product(wide[0], row[4], row[5], x, model.hidden, s.attention_tiles,
                                                  K["PromptAdd"], 0, 0), lambda: wide[0] @ w["merge"]),
                ("up", lambda: session.product(wide[0], row[8], row[9], inner, model.inner, s.hidden_tiles,
                                               K["PromptInner"], 0, 0), lambda: wide[0] @ w["up"]),
                ("down", lambda: session.product(wide[1], row[10], row[11], x, model.hidden, s.inner_tiles,
                                                 K["PromptAdd"], 0, 0), lambda: wide[1] @ w["down"])):
            times = []
            for run in (ours, torchs):
                run()
                side = torch.cuda.Stream()
                with torch.cuda.stream(side):
                    captured = torch.cuda.CUDAGraph()
                    captured.capture_begin()
                    for _ in range(20):
                        run()
                    captured.capture_end()
                torch.cuda.synchronize()
                times.append(clock(captured.replay, 3) / 20)
            rows.append(dict(product=name, tokens=count, type=kind, us=times[0], torch_us=times[1]))
            print(f"{name} {kind} {count} tokens: {times[0]:.1f} us, torch {times[1]:.1f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--type", nargs="*", default=list(TYPES))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--no-times", action="store_true")
    parser.add_argument("--slices", nargs=2, type=int, default=(3, 4))
    options = parser.parse_args()
    slices = tuple(options.slices)
    failures = 0
    tiny = (2, 120, 5, 24, 300, 1003, 700)
    small = (12, 768, 12, 64, 3072, 50257, 1024)
    wide = (12, 768, 12, 64, 3072, 50257, 4096)
    medium = (24, 1024, 16, 64, 4096, 50257, 1024)
    ragged = [1, 5, 3, 64, 65, 130, 2, 40, 257, 600, 9, 33, 17, 100, 12, 31, 7, 128, 300, 11, 8, 6, 20, 50, 4, 90, 70, 15,
              16, 63, 66, 256]
    for kind in options.type:
        failures += check(kind, tiny, [5], [], slices)
        failures += check(kind, tiny, ragged[:7], [], slices)
        failures += check(kind, tiny, ragged, [5, 8, 9], slices)
        failures += check(kind, small, ragged[:12], [5, 8], slices)
    rows = []
    if not options.no_times and not failures:
        rate = copy_rate()
        print(f"copy {rate / 1e9:.0f} GB/s")
        for kind in options.type:
            some = [(1, 32), (8, 32), (32, 32)]
            cases = [(1, 32), (1, 512), (1, 1000), (4, 32), (8, 32), (16, 32), (32, 32), (32, 900)]
            time_steps(kind, "124m", small, cases if kind == "f16" else some, slices, rate, rows)
            if kind == "f16":
                time_steps(kind, "124m", wide, [(1, 2080), (1, 4000)], slices, rate, rows)
                time_steps(kind, "medium", medium, [(1, 32)], slices, rate, rows)
                time_products(kind, (1, 768, 12, 64, 3072, 1000, 4096), [128, 512, 960, 2048], rows)
    save(options.json, rows)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()

"""What the experiments share: compiling kernels, launching them, and timing them in turns with torch."""

import ctypes
import functools
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

CUDA = Path(__file__).resolve().parents[1] / "src/main/cuda"
DRIVER = ctypes.CDLL("libcuda.so.1")
MAX_DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES

Pointer, Int, Unsigned, Long = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint, ctypes.c_longlong
Float, Double = ctypes.c_float, ctypes.c_double


class Divisor(ctypes.Structure):
    _fields_ = [("size", Unsigned), ("multiplier", Unsigned), ("shift", Unsigned)]


def indexer(tensors):
    """The type of common/index.cuh's Indexer over so many tensors."""
    return type("Indexer", (ctypes.Structure,), {"_fields_": [
        ("rank", Int), ("count", Unsigned), ("axis", Divisor * 8), ("stride", Long * (8 * tensors))]})


def call(name, *arguments):
    """Calls the driver."""
    code = getattr(DRIVER, name)(*arguments)
    if code:
        message = ctypes.c_char_p()
        DRIVER.cuGetErrorString(code, ctypes.byref(message))
        raise RuntimeError(f"{name}: {(message.value or b'?').decode()}")


def ceil_div(numerator, denominator):
    return -(-numerator // denominator)


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


@functools.cache
def compile_kernels(source):
    """Compiles a source for the GPU that is here; returns its functions by symbol."""
    major, minor = torch.cuda.get_device_capability()
    arch = f"{major}{minor}" + ("a" if major >= 9 else "")
    with tempfile.TemporaryDirectory() as folder:
        cubin = Path(folder) / "kernels.cubin"
        report = subprocess.run(["nvcc", "-std=c++17", "-O3", "-I", str(CUDA), "--cubin", "-gencode",
                                 f"arch=compute_{arch},code=sm_{arch}", "-Xptxas", "-v", "-o", str(cubin),
                                 str(source)], capture_output=True, text=True)
        if report.returncode:
            sys.exit(report.stderr)
        image = cubin.read_bytes()
    torch.zeros(1, device="cuda")  # makes the context
    module = ctypes.c_void_p()
    call("cuModuleLoadData", ctypes.byref(module), image)
    functions = {}
    symbols = re.findall(r"Compiling entry function '(\w+)'", report.stderr)
    for symbol, usage in zip(symbols, re.findall(r"Used (\d+ registers)", report.stderr)):
        print(symbol, usage)
        functions[symbol] = ctypes.c_void_p()
        call("cuModuleGetFunction", ctypes.byref(functions[symbol]), module, symbol.encode())
    return functions


def launcher(function, grid, threads, shared, parameters, *keeps):
    """Returns a function that enqueues a kernel with one struct on torch's stream, and keeps what it needs alive."""
    call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, shared)
    pointers = (ctypes.c_void_p * 1)(ctypes.addressof(parameters))

    def launch():
        stream = ctypes.c_void_p(torch.cuda.current_stream().cuda_stream)
        call("cuLaunchKernel", function, grid, 1, 1, threads, 1, 1, shared, stream, pointers, None)
    launch.keeps = parameters, keeps
    return launch


def graph(runs):
    """Captures runs in one graph, after each has run once."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for run in runs:
            run()
        stream.synchronize()
        captured = torch.cuda.CUDAGraph()
        captured.capture_begin()
        for run in runs:
            run()
        captured.capture_end()
    return captured


def race(graphs, count, rounds=9):
    """Replays graphs of so many runs in turns; returns the microseconds of a run by graph, one for each round.

    The first two rounds do not count.
    """
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    times = {name: [] for name in graphs}
    for turn in range(rounds + 2):
        for name, captured in graphs.items():
            start.record()
            captured.replay()
            end.record()
            end.synchronize()
            if turn >= 2:
                times[name].append(start.elapsed_time(end) * 1e3 / count)
    return times


def medians(times):
    """The medians of race's result, the fastest first."""
    found = {name: statistics.median(values) for name, values in times.items()}
    return dict(sorted(found.items(), key=lambda entry: entry[1]))


def save(path, rows):
    """Writes results, and where they were measured, if a path is given."""
    if path:
        device = torch.cuda.get_device_name()
        path.write_text(json.dumps({"device": device, "torch": torch.__version__, "rows": rows}, indent=1) + "\n")

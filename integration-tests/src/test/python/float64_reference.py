"""Writes what a GPT-2 checkpoint computes in double precision, with nothing but NumPy.

    python3 float64_reference.py HF_DIR EXPECTED.json OUT.json

HF_DIR holds config.json and model.safetensors (gelu_new, tied head), EXPECTED.json the prompts and greedy tokens that
Hugging Face transformers gave. Hugging Face's own logits of okto-prose carry an error of up to 1.6e-3, so the tests of
that model compare with these.
"""

import json
import math
import struct
import sys
from pathlib import Path

import numpy as np

DTYPES = {"F16": np.float16, "F32": np.float32}


def load(folder):
    data = (folder / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            values = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
            tensors[name.removeprefix("transformer.")] = values.astype(np.float64)
    return tensors


def layer_norm(x, w, name, epsilon):
    centred = x - x.mean(-1, keepdims=True)
    variance = (centred ** 2).mean(-1, keepdims=True)
    return centred / np.sqrt(variance + epsilon) * w[name + ".weight"] + w[name + ".bias"]


def linear(x, w, name):
    return x @ w[name + ".weight"] + w[name + ".bias"]


def forward(w, config, ids):
    count, heads = len(ids), config["n_head"]
    epsilon = config["layer_norm_epsilon"]
    x = w["wte.weight"][ids] + w["wpe.weight"][:count]
    visible = np.tril(np.ones((count, count))) > 0
    for layer in range(config["n_layer"]):
        block = f"h.{layer}."
        qkv = linear(layer_norm(x, w, block + "ln_1", epsilon), w, block + "attn.c_attn")
        q, k, v = (part.reshape(count, heads, -1).transpose(1, 0, 2) for part in np.split(qkv, 3, -1))
        scores = np.where(visible, q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1]), -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        x = x + linear((scores @ v).transpose(1, 0, 2).reshape(count, -1), w, block + "attn.c_proj")
        inner = linear(layer_norm(x, w, block + "ln_2", epsilon), w, block + "mlp.c_fc")
        inner = 0.5 * inner * (1 + np.tanh(math.sqrt(2 / math.pi) * (inner + 0.044715 * inner ** 3)))
        x = x + linear(inner, w, block + "mlp.c_proj")
    return layer_norm(x, w, "ln_f", epsilon) @ w["wte.weight"].T


def main():
    folder, expected, out = map(Path, sys.argv[1:])
    config = json.loads((folder / "config.json").read_text())
    w = load(folder)
    cases = []
    for case in json.loads(expected.read_text())["cases"]:
        ids = case["input_ids"] + case["greedy_ids"]
        logits = forward(w, config, ids)
        highest = logits.max(-1, keepdims=True)
        log_sum = highest[:, 0] + np.log(np.exp(logits - highest).sum(-1))
        chosen = logits[np.arange(len(ids) - 1), ids[1:]]
        cases.append({"prompt": case["prompt"],
                      "last_logits": [round(float(x), 5) for x in logits[len(case["input_ids"]) - 1]],
                      "nll": round(float((log_sum[:-1] - chosen).sum()), 5)})
    out.write_text(json.dumps({"reference": "NumPy, float64", "cases": cases}) + "\n")


main()

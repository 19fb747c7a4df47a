"""PyTorch's side of "okto bench infer --plan gpu": GPT-2 in float16 with random weights, greedy, never ending early.

    torch_infer_peer.py generate GPU          Hugging Face's GPT2LMHeadModel.generate
    torch_infer_peer.py compile GPU           a GPT-2 that keeps keys and values in place, its step by torch.compile
    torch_infer_peer.py cold GPU DIRECTORY    loads what "save" left, generates one token, says its name and ends

The first two say {"name": what answers} and then answer one JSON request a line on standard output:

    {"do": "copy"}    -> {"bytes_per_second": 3e12}      a copy of 1 GiB within the device, read plus written
    {"do": "load", "layers": 12, "width": 768, "heads": 12, "positions": 1024, "vocabulary": 50257}    -> {}
    {"do": "run", "prompts": [[17, 4], …], "tokens": 32}
        -> {"first_ms": 9.5, "total_ms": 211.3, "peak_bytes": 3e8, "ids": [[5, …], …]}
    {"do": "save", "directory": "/tmp/x"}    -> {}

What cannot be done is answered with {"failed": why}. Where a package or the GPU is missing, the first and only line is
{"error": why}. The GPU is used only while a request is open.
"""

import gc
import json
import os
import statistics
import sys
import time
import warnings

# Answers go where standard output was; whatever a library prints goes to standard error.
ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
warnings.filterwarnings("ignore")
# Nothing is looked for on a network, and nothing is said that is not an answer.
for variable, value in (("HF_HUB_OFFLINE", "1"), ("TRANSFORMERS_VERBOSITY", "error"),
                        ("HF_HUB_DISABLE_PROGRESS_BARS", "1"), ("TOKENIZERS_PARALLELISM", "false")):
    os.environ.setdefault(variable, value)


def answer(**fields):
    ANSWERS.write(json.dumps(fields) + "\n")
    ANSWERS.flush()


def reason(exception):
    return f"{type(exception).__name__}: {(str(exception).splitlines() or [''])[0]}"


def stop(error):
    answer(error=error)
    sys.exit(0)


MODE = sys.argv[1]
try:
    import torch
    import torch.nn.functional as F
except ImportError as e:
    stop(f"{sys.executable} has no PyTorch ({e})")
if MODE != "compile":
    try:
        import transformers
        from transformers import GPT2Config, GPT2LMHeadModel
    except ImportError as e:
        stop(f"{sys.executable} has no Hugging Face transformers ({e})")

# Static keys and values come in whole steps of this many tokens, so that similar cases share what was compiled.
CACHE_STEP = 128
COPY_BYTES = 1 << 30


def name():
    if MODE == "compile":
        return f"torch {torch.__version__} compile"
    return f"torch {torch.__version__}, transformers {transformers.__version__} generate"


def now():
    """Milliseconds, once the device is done."""
    torch.cuda.synchronize()
    return time.perf_counter() * 1e3


# ---- Hugging Face


class Generate:
    """What most people call."""

    def load(self, layers, width, heads, positions, vocabulary):
        config = GPT2Config(n_layer=layers, n_embd=width, n_head=heads, n_positions=positions, vocab_size=vocabulary,
                            bos_token_id=vocabulary - 1, eos_token_id=vocabulary - 1)
        with torch.device("cuda"):
            self.model = GPT2LMHeadModel(config).half().eval()

    def generate(self, ids, mask, tokens):
        return self.model.generate(ids, attention_mask=mask, max_new_tokens=tokens, min_new_tokens=tokens,
                                   do_sample=False, eos_token_id=None, pad_token_id=self.model.config.vocab_size - 1)

    def run(self, ids, tokens):
        """The time to the first token is that of a run that ends there: to listen in would slow the other down."""
        mask = torch.ones_like(ids)
        start = now()
        self.generate(ids, mask, 1)
        middle = now()
        out = self.generate(ids, mask, tokens)
        return middle - start, now() - middle, out[:, ids.shape[1]:]

    def save(self, directory):
        self.model.save_pretrained(directory)


# ---- torch.compile


class Layer(torch.nn.Module):
    """A layer whose keys and values are written in place."""

    def __init__(self, width, heads, batch, length):
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_mlp = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)
        self.qkv, self.projection = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)
        for kept in ("keys", "values"):
            self.register_buffer(kept, torch.zeros(batch, heads, length, width // heads))

    def forward(self, x, positions, mask):
        batch, length, width = x.shape
        query, key, value = (part.view(batch, length, self.heads, -1).transpose(1, 2)
                             for part in self.qkv(self.norm_attention(x)).split(width, dim=2))
        self.keys[:, :, positions] = key
        self.values[:, :, positions] = value
        mixed = F.scaled_dot_product_attention(query, self.keys, self.values, attn_mask=mask)
        x = x + self.projection(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm_mlp(x)), approximate="tanh"))


class StaticGpt2(torch.nn.Module):
    """GPT-2 whose shapes are the same in every step, which is what CUDA graphs need."""

    def __init__(self, layers, width, heads, positions, vocabulary, batch, length):
        super().__init__()
        self.tokens = torch.nn.Embedding(vocabulary, width)
        self.places = torch.nn.Embedding(positions, width)
        self.layers = torch.nn.ModuleList(Layer(width, heads, batch, length) for _ in range(layers))
        self.norm = torch.nn.LayerNorm(width)
        self.register_buffer("seen", torch.ones(length, length, dtype=torch.bool).tril())
        for parameter in self.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.02)

    def forward(self, ids, positions):
        """Takes tokens (batch, time) at these positions and returns the likeliest next ones, (batch)."""
        x = self.tokens(ids) + self.places(positions)
        mask = self.seen[positions][None, None]
        for layer in self.layers:
            x = layer(x, positions, mask)
        return F.linear(self.norm(x[:, -1]), self.tokens.weight).argmax(-1)


class Compile:
    """The prompt is read as PyTorch comes; a step of decoding is one CUDA graph of fused kernels."""

    def load(self, **shape):
        self.shape, self.made, self.model, self.step = shape, None, None, None

    def make(self, batch, length):
        """Compiles happen in the first call of a step."""
        if self.made == (batch, length):
            return
        self.made, self.model, self.step = None, None, None
        free_memory()
        torch._dynamo.reset()
        import torch._inductor.config as inductor
        inductor.coordinate_descent_tuning = True
        with torch.inference_mode(False), torch.no_grad(), torch.device("cuda"):
            self.model = StaticGpt2(**self.shape, batch=batch, length=length).half().eval()
        self.step = torch.compile(self.model, mode="reduce-overhead", fullgraph=True)
        self.made = (batch, length)
        torch.cuda.reset_peak_memory_stats()

    def run(self, ids, tokens):
        batch, prompt = ids.shape
        self.make(batch, -(-(prompt + tokens) // CACHE_STEP) * CACHE_STEP)
        start = now()
        token = self.model(ids, torch.arange(prompt, device="cuda"))[:, None]
        out = [token]
        middle = now()
        position = torch.tensor([prompt], device="cuda")
        for _ in range(tokens - 1):
            # A graph writes its result to the same place every time.
            token = self.step(token, position).clone()[:, None]
            out.append(token)
            position = position + 1
        return middle - start, now() - start, torch.cat(out, dim=1)

    def save(self, directory):
        raise RuntimeError("there is nothing that Hugging Face could load")


# ---- requests


def free_memory():
    gc.collect()
    torch.cuda.empty_cache()


def copy_bandwidth():
    source = torch.ones(COPY_BYTES, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    rates = []
    for _ in range(9):
        first, last = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        target.copy_(source)
        first.record()
        for _ in range(10):
            target.copy_(source)
        last.record()
        last.synchronize()
        rates.append(10 * 2 * COPY_BYTES / (first.elapsed_time(last) / 1e3))
    return statistics.median(rates)


def run(side, prompts, tokens):
    ids = torch.tensor(prompts, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    # Models are made outside of it: their weights must stay ordinary tensors to be compiled with.
    with torch.inference_mode():
        first, total, out = side.run(ids, tokens)
    peak = torch.cuda.max_memory_allocated()
    answer(first_ms=first, total_ms=total, peak_bytes=peak, ids=out.tolist())


def serve():
    side = Generate() if MODE == "generate" else Compile()
    answer(name=name())
    for line in sys.stdin:
        request = json.loads(line)
        todo = request.pop("do")
        try:
            if todo == "copy":
                rate = copy_bandwidth()
                free_memory()
                answer(bytes_per_second=rate)
            elif todo == "load":
                side.model = None
                free_memory()
                side.load(**request)
                free_memory()
                answer()
            elif todo == "run":
                run(side, **request)
            else:
                side.save(**request)
                answer()
        except Exception as e:  # whatever it is, the next request may go well
            free_memory()
            answer(failed=reason(e))


def cold(directory):
    model = GPT2LMHeadModel.from_pretrained(directory, dtype=torch.float16).to("cuda").eval()
    ids = torch.tensor([[464, 5, 1234, 77, 3290]], device="cuda")
    # generate() itself asks for no gradients.
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=1, do_sample=False,
                         pad_token_id=model.config.vocab_size - 1)
    # The token has come once the host can read it.
    int(out[0, -1])
    answer(name=name())


def main():
    gpu = int(sys.argv[2])
    if torch.cuda.device_count() <= gpu:
        stop(f"PyTorch {torch.__version__} of {sys.executable} sees no GPU {gpu}")
    torch.cuda.set_device(gpu)
    torch.manual_seed(1)
    if MODE != "cold":
        serve()
        return
    try:
        cold(sys.argv[3])
    except Exception as e:
        stop(reason(e))


if __name__ == "__main__":
    main()

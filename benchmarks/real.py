"""The real model in lmlib, in Transformers and in llama.cpp: what they give, how fast, and what loading takes.

    python benchmarks/real.py

SmolLM2-135M-Instruct writes 40 tokens behind a prompt of 5, greedily, alone and eight texts at once. lmlib and
Transformers have the same numbers in single precision and take turns; llama.cpp reads the four-bit file itself
(four times fewer bytes for each token) and is the limit to look up to. One thread each.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from lmlib.generation import generate
from lmlib.interop.kept import convert
from lmlib.interop.real import load_real, packaged
from lmlib.interop.timing import medians

NEW, PROMPT = 40, "The capital of France is"


def measure(rounds: int = 5) -> list[dict[str, Any]]:
    """Medians over ``rounds``, in each of which all take their turn."""
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    real, file = load_real(), packaged()
    assert file
    peer = transformers.AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    # No token ends a text, so that all write as many.
    peer.generation_config.eos_token_id = None
    prompt = real.encode(PROMPT)
    with torch.no_grad():
        difference = (real.model(prompt) - peer(prompt).logits).abs().max().item()
    rows = [one("largest difference of two logits from Transformers'", difference, "")]
    for batch in (1, 8):
        rows += speeds(real, peer, batch, rounds)
    rows += [one(work, *found) for work, found in loading(file).items()]
    return rows


def speeds(real: Any, peer: Any, batch: int, rounds: int) -> list[dict[str, Any]]:
    tokens = real.encode(PROMPT).expand(batch, -1).contiguous()
    how = {"max_new_tokens": NEW, "do_sample": False}
    mask = torch.ones_like(tokens)
    works = {
        "ours": partial(generate, real.model, tokens, NEW, temperature=0),
        "peer": partial(peer.generate, tokens, attention_mask=mask, **how),
    }
    if not torch.equal(works["ours"](), works["peer"]()):
        raise ValueError("the two sides write different texts")
    spent = medians(works, rounds)
    ours, theirs = (batch * NEW / spent[side] for side in ("ours", "peer"))
    name = f"SmolLM2-135M writing, batch {batch}"
    rows = [{"work": f"{name}, against Transformers", "ours": ours, "peer": theirs}]
    cpp = llama_cpp(batch, rounds)
    rows.append({"work": f"{name}, against llama.cpp", "ours": ours, "peer": cpp})
    return [
        row | {"ratio": row["ours"] / row["peer"], "unit": "tokens/s"} for row in rows
    ]


def llama_cpp(batch: int, rounds: int) -> float:
    """Tokens/s by its own clock: of a text alone, or of all that are written at once."""
    import xllamacpp as xlc

    params = xlc.CommonParams()
    params.model.path = str(packaged())
    params.n_ctx, params.n_parallel = 64 * batch, batch
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_gpu_layers = 0
    server = xlc.Server(params)
    body = {"prompt": PROMPT, "n_predict": NEW, "temperature": 0, "ignore_eos": True}
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        if batch == 1:
            server.handle_completions(body)
        else:
            server.handle_completions(body | {"prompt": [PROMPT] * batch})
        found.append(batch * NEW / (time.perf_counter() - start))
    return sorted(found)[rounds // 2]


CHILD = """
import time
import psutil
from lmlib.interop.real import load_real
base = psutil.Process().memory_info().rss
start = time.perf_counter()
real = load_real()
real.model(real.encode("x"))  # which reads the numbers, too
spent = time.perf_counter() - start
print(spent, psutil.Process().memory_info().rss - base)
"""


def loading(file: Path) -> dict[str, tuple[float, str]]:
    """Seconds and bytes of the first time, in which the file is converted, and of a later one."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        convert(file, Path(folder) / "model")
        first = time.perf_counter() - start
    done = subprocess.run(
        [sys.executable, "-c", CHILD], check=True, text=True, stdout=subprocess.PIPE
    )
    spent, memory = map(float, done.stdout.split())
    weights = 4 * 134_515_008
    return {
        "reading the GGUF file and keeping it": (first, "s"),
        "loading what was kept, and one token": (spent, "s"),
        "memory beside that of the weights": (memory / weights, "×"),
    }


def one(work: str, value: float, unit: str) -> dict[str, Any]:
    """A row with nothing beside it."""
    nothing = float("nan")
    return {
        "work": work,
        "ours": value,
        "peer": nothing,
        "ratio": nothing,
        "unit": unit,
    }


if __name__ == "__main__":
    for result in measure():
        print(
            "{work:55} {ours:10.5g} {peer:10.5g} {unit} ratio {ratio:.2f}".format(
                **result
            )
        )

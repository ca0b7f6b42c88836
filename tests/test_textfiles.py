"""Texts that are read by pieces: the same tokens as the whole, little memory, and nothing done twice."""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lmlib.bpe import BPETokenizer
from lmlib.pretokenizer import BYTES, find_specials, split_parts
from lmlib.prose import prose
from lmlib.train import textfiles
from lmlib.train.textfiles import check_text, encode_file, pieces
from lmlib.train.token_files import Tokens, Windows

TOKENIZER = BPETokenizer.train(prose(), vocab_size=600)
ODD = " \n\t\r\u3000\u00a0\x1c\x85abcédé漢字'st123²,.!\u2028🙂 \n  "


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "text.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("size", [33, 100, 1000])
def test_pieces_give_the_tokens_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(textfiles, "PIECE", size)
    chance = random.Random(size)
    for text in [prose(), *("".join(chance.choices(ODD, k=400)) for _ in range(50))]:
        found = [*pieces(written(tmp_path, text))]
        assert "".join(piece for piece, _ in found) == text
        assert [end for _, end in found][-1] == len(text.encode())
        ids = [i for piece, _ in found for i in TOKENIZER.encode(piece)]
        assert ids == TOKENIZER.encode(text)


SPECIALS = ["<a b>", "<a", " x ", "  ", "to", "<<", "é🙂", "b>", "<end of text>"]
PARTS = [
    *SPECIALS,
    "<end of",
    " text>",
    "be or",
    "漢字",
    *"ab<> x1'rev\n\t\u3000\ufeff",
]


def encoded(text: str, size: int, tokenizer: BPETokenizer) -> tuple[list[int], int]:
    """The ids of a file that is read in pieces of ``size`` bytes, and where the last one ends."""
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(textfiles, "PIECE", size)
        tokens = encode_file(written(Path(name), text), Path(name) / "run", tokenizer)
        return tokens.read(0, tokens.count).tolist(), tokens.offset


@given(
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=150).map("".join),
    st.lists(st.sampled_from(SPECIALS), unique=True),
    st.integers(1, 40),
)
@settings(max_examples=300, deadline=None)
def test_special_tokens_are_not_cut(text: str, specials: list[str], size: int) -> None:
    vocab = dict.fromkeys([*TOKENIZER.vocab, *specials])
    tokenizer = BPETokenizer([*vocab], TOKENIZER.merges, specials[::2], specials[1::2])
    ids, end = encoded("\ufeff" + text, size, tokenizer)
    split = split_parts(text, find_specials(specials))
    longest = max(
        (len(word.encode()) for words, _ in split for word in words), default=0
    )
    assert tokenizer.decode(ids) == text
    assert end == 3 + len(text.encode())
    if longest <= size:
        assert ids == tokenizer.encode(text)


@pytest.mark.parametrize("special", ["<end of text>", " \n ", "<|endoftext|>", "🙂 🙂"])
@pytest.mark.parametrize("before", ["", "x", "\n  ", "to be"])
def test_a_hundred_thousand_special_tokens(special: str, before: str) -> None:
    vocab = [*TOKENIZER.vocab, special]
    tokenizer = BPETokenizer(vocab, TOKENIZER.merges, [special])
    text = before + special * 100_000
    ids, _ = encoded(text, textfiles.PIECE, tokenizer)
    assert ids == tokenizer.encode(text)
    assert ids.count(len(vocab) - 1) == 100_000


def test_another_way_of_cutting_is_another_tokenizer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfiles, "PIECE", 20)
    path = written(tmp_path, text := "\n\n" + "1" * 100)
    trained = BPETokenizer.train("\n\n1 " * 9, 258, end=False, pattern="smollm")
    for pattern in ("gpt2", "smollm"):
        tokenizer = BPETokenizer(trained.vocab, trained.merges, pattern=pattern)
        tokens = encode_file(path, tmp_path / pattern[:1] / "run", tokenizer)
        other = encode_file(path, tmp_path / "run", tokenizer)
        assert tokens.read(0, tokens.count).tolist() == tokenizer.encode(text)
        assert other.count == tokens.count == {"gpt2": 102, "smollm": 101}[pattern]


def test_another_special_token_is_another_tokenizer(tmp_path: Path) -> None:
    """Tokens in a folder are not taken for those of a tokenizer that finds others in the text."""
    vocab, path = [*TOKENIZER.vocab, "be"], written(tmp_path, "to be or not to be")
    for specials, added in ([], []), (["be"], []), ([], ["be", "to"]):
        tokenizer = BPETokenizer(vocab, TOKENIZER.merges, specials, added)
        tokens = encode_file(path, tmp_path / "run", tokenizer)
        expected = tokenizer.encode("to be or not to be")
        assert tokens.read(0, tokens.count).tolist() == expected


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100, 2**20])
@pytest.mark.parametrize("text", ["to be or not", "\ufeffto be", "é", " "])
def test_a_byte_order_mark_is_no_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, size: int
) -> None:
    """One at the beginning is left out, and the bytes are counted with it; others stay."""
    monkeypatch.setattr(textfiles, "PIECE", size)
    path = written(tmp_path, "\ufeff" + text)
    found = [*pieces(path)]
    assert "".join(piece for piece, _ in found) == text
    assert found[0][1] == 3 + len(found[0][0].encode())
    assert found[-1][1] == path.stat().st_size
    for _, end in found[:-1]:
        rest = path.read_bytes()[end:].decode()
        assert "".join(piece for piece, _ in pieces(path, end)) == rest
    whole, end = encoded("\ufeff" + text, size, TOKENIZER)
    assert TOKENIZER.decode(whole) == text and end == path.stat().st_size


def test_a_byte_order_mark_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is empty; give a file with some text in it"):
        check_text(written(tmp_path, "\ufeff"))
    with pytest.raises(ValueError, match=r"is not UTF-8 \(byte 4 is 0xff\)"):
        check_text(written(tmp_path, b"\xef\xbb\xbfa\xff"))


def test_a_text_without_spaces_is_cut_anyhow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfiles, "PIECE", 16)
    path = written(tmp_path, "漢字🙂" * 30)
    tokens = encode_file(path, tmp_path / "run", TOKENIZER)
    assert TOKENIZER.decode(tokens.read(0, tokens.count).tolist()) == "漢字🙂" * 30


def test_tokens_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfiles, "PIECE", 1000)
    tokens = encode_file(written(tmp_path, prose()), tmp_path / "run", TOKENIZER)
    expected = TOKENIZER.encode(prose())
    assert np.fromfile(tokens.path, "<u2").tolist() == expected
    assert tokens.read(5, 3).tolist() == expected[5:8]
    assert tokens.count == len(expected) and tokens.offset == len(prose().encode())


def test_many_tokens_take_four_bytes_each(tmp_path: Path) -> None:
    pairs = [(a, b) for a in BYTES.values() for b in BYTES.values()]
    wide = BPETokenizer([*BYTES.values(), *map("".join, pairs)], pairs)
    text = "to be \U0002db6d"  # bytes f0 ad ad ad; the pair ad ad is the last of all
    tokens = encode_file(written(tmp_path, text), tmp_path / "run", wide)
    ids = tokens.read(0, tokens.count).tolist()
    assert (
        tokens.item == "<u4"
        and ids == wide.encode(text)
        and max(ids) == len(wide.vocab) - 1
    )


def test_an_interrupted_encoding_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfiles, "PIECE", 1000)
    path, expected = written(tmp_path, prose()), TOKENIZER.encode(prose())
    save, calls = Tokens.save, []

    def stop(self: Tokens) -> None:
        calls.append(1)
        if len(calls) == 20:  # its ids are in the file, but not written down
            raise KeyboardInterrupt
        save(self)

    monkeypatch.setattr(Tokens, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        encode_file(path, tmp_path / "run", TOKENIZER)
    done = json.loads((tmp_path / "run" / "tokens.json").read_text())["offset"]
    starts = []
    monkeypatch.setattr(
        textfiles,
        "pieces",
        lambda path, start=0, *way: starts.append(start) or pieces(path, start, *way),
    )
    tokens = encode_file(path, tmp_path / "run", TOKENIZER)
    assert tokens.read(0, tokens.count).tolist() == expected
    assert starts == [0, done] and done > 15_000  # the first is a look at the beginning
    whole = encode_file(path, tmp_path / "other", TOKENIZER)
    assert (tokens.count, tokens.checksum) == (whole.count, whole.checksum)


def test_a_text_that_changed_is_encoded_anew(tmp_path: Path) -> None:
    encode_file(written(tmp_path, prose()), tmp_path / "run", TOKENIZER)
    tokens = encode_file(
        written(tmp_path, "something else"), tmp_path / "run", TOKENIZER
    )
    assert TOKENIZER.decode(tokens.read(0, 99).tolist()) == "something else"
    other = BPETokenizer.train("", vocab_size=257)
    tokens = encode_file(tmp_path / "text.txt", tmp_path / "run", other)
    assert tokens.count == len("something else")


@pytest.mark.parametrize("damage", ["", "{", '{"source": 1}', "[]"])
def test_a_damaged_record_is_not_trusted(tmp_path: Path, damage: str) -> None:
    path = written(tmp_path, prose())
    first = encode_file(path, tmp_path / "run", TOKENIZER)
    (tmp_path / "run" / "tokens.json").write_text(damage)
    assert encode_file(path, tmp_path / "run", TOKENIZER) == first
    first.path.write_bytes(b"")
    assert encode_file(path, tmp_path / "run", TOKENIZER) == first


LARGE = """
import resource, sys
from pathlib import Path
from lmlib.train import textfiles
from lmlib.bpe import BPETokenizer
from lmlib.train.token_files import Windows
textfiles.PIECE = 2**16  # what is kept at a time shrinks like the file
textfiles.encode_file(Path(sys.argv[1] + ".small"), Path(sys.argv[2]), BPETokenizer.train("", 257))
tokenizer, path = BPETokenizer.train("to be or not to be, that is the question", 290), Path(sys.argv[1])
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, ((used + 12 * 1024) * 1024,) * 2)
try:
    path.read_bytes()
    sys.exit("the limit does not hold")
except MemoryError:
    pass
tokens = textfiles.encode_file(path, Path(sys.argv[2]), tokenizer)
windows = Windows(tokens, block_size=64, batch_size=4)
print(tokens.offset, windows(0)[0].shape, len(windows.held_out()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_text_larger_than_the_memory(tmp_path: Path) -> None:
    """10 MB of words and 4 MB of letters without a space, with 12 MB more than what was used before."""
    letters = (
        np.random.default_rng(0).integers(97, 123, 2**22, dtype=np.uint8).tobytes()
    )
    path = written(
        tmp_path, b"to be or not to be, that is the question. " * 240_000 + letters
    )
    (tmp_path / "text.txt.small").write_text(
        "to be or not to be"
    )  # what is needed once
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(path), str(tmp_path / "run")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{path.stat().st_size} torch.Size([4, 64]) 64\n"


def test_windows_come_from_the_text_and_stay_out_of_what_is_held_out(
    tmp_path: Path,
) -> None:
    tokens = encode_file(written(tmp_path, prose()), tmp_path / "run", TOKENIZER)
    windows, ids = Windows(tokens, 16, 8, seed=3), TOKENIZER.encode(prose())
    text = [tuple(ids[i : i + 17]) for i in range(len(ids) - 16)]
    first_held = len(ids) - len(ids) // 20
    allowed = {w: i for i, w in enumerate(text[: first_held - 16])}
    seen = set()
    for step in range(40):
        inputs, targets = windows(step)
        assert inputs.shape == targets.shape == (8, 16)
        for a, b in zip(inputs.tolist(), targets.tolist(), strict=True):
            assert a[1:] == b[:-1] and (*a, b[-1]) in allowed
            seen.add((*a, b[-1]))
    assert len(seen) > 300
    assert torch.equal(windows(7)[0], Windows(tokens, 16, 8, seed=3)(7)[0])
    assert not torch.equal(windows(7)[0], Windows(tokens, 16, 8, seed=4)(7)[0])
    held = windows.held_out(most=10)
    starts = [ids.index(w[0], first_held) for w in map(torch.Tensor.tolist, held)]
    assert (
        len(held) == 10
        and all(len(w) == 17 for w in held)
        and min(starts) >= first_held
    )
    joined = [i for w in windows.held_out(10**6) for i in w.tolist()]
    assert joined == ids[first_held : first_held + len(joined)]


def test_texts_too_short_for_two_windows(tmp_path: Path) -> None:
    count = len(TOKENIZER.encode("to be or not to be"))
    tokens = encode_file(
        written(tmp_path, "to be or not to be"), tmp_path / "run", TOKENIZER
    )
    message = f"path: the text has {count} tokens, too few for a window of 65 .*; give 130 or more"
    with pytest.raises(ValueError, match=message):
        Windows(tokens, 64, 2)
    exact = encode_file(written(tmp_path, prose()), tmp_path / "run", TOKENIZER)
    Windows(Tokens(exact.path, "", "<u2", 0, 130), 64, 2)(0)
    with pytest.raises(ValueError, match="too few"):
        Windows(Tokens(exact.path, "", "<u2", 0, 129), 64, 2)
    with pytest.raises(ValueError, match="batch_size: 0 is below 1"):
        Windows(exact, 64, 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; give a file with some text in it"),
        (b"\x89PNG\r\n\x1a\n", r"is not UTF-8 \(byte 0 is 0x89\); save it so"),
        (b"caf\xe9", r"is not UTF-8 \(byte 3 is 0xe9\)"),
        ("é".encode()[:1], r"is not UTF-8 \(byte 0 is 0xc3\)"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"path: .*text.txt' {message}"):
        check_text(written(tmp_path, content))


def test_a_wrong_byte_far_on_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(textfiles, "PIECE", 1000)
    path = written(tmp_path, prose().encode()[:30_000] + b"\xff" + b" more" * 300)
    check_text(path)
    with pytest.raises(ValueError, match=r"is not UTF-8 \(byte 30000 is 0xff\)"):
        encode_file(path, tmp_path / "run", TOKENIZER)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"cannot read .*nowhere' \(No such file or directory\)"
    ):
        check_text(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"cannot read .* \(Is a directory\)"):
        check_text(tmp_path)

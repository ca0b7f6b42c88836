"""Tokenizers of other libraries give the same ids here, and files that are damaged or of another kind are named."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from support.byte_level import TRICKY, hugging_face, vocab_of
from tokenizers import AddedToken, models, pre_tokenizers

from lmlib.bpe import BPETokenizer
from lmlib.interop.tokenizer_files import (
    load_gpt2_tokenizer,
    load_tokenizer,
    save_tokenizer,
)
from lmlib.interop.tokenizer_json import LEVEL
from lmlib.pretokenizer import PATTERNS
from lmlib.prose import prose
from lmlib.tokens import END

PROSE = BPETokenizer.train(prose(), 600)
with tempfile.TemporaryDirectory() as folder:
    save_tokenizer(PROSE, Path(folder) / "tokenizer.json")
    SAVED = (Path(folder) / "tokenizer.json").read_text("utf-8")
TEXT = f"{TRICKY}{END}{prose()} {END} <end"


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("end", [True, False])
def test_hugging_face_reads_our_file(tmp_path: Path, end: bool, pattern: str) -> None:
    ours = BPETokenizer.train(TRICKY, 500, end, pattern)
    save_tokenizer(ours, tmp_path / "tokenizer.json")
    peer = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    text = f"{TRICKY}{END}{prose()} {END} 12  34<end"
    assert peer.encode(text).ids == ours.encode(text)
    assert peer.decode(ours.encode(text), skip_special_tokens=False) == text
    again = load_tokenizer(tmp_path / "tokenizer.json")
    assert (again.vocab, again.merges, again.specials, again.pattern) == (
        ours.vocab,
        ours.merges,
        ours.specials,
        pattern,
    )


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("end", [True, False])
def test_we_read_the_files_of_hugging_face(
    tmp_path: Path, end: bool, pattern: str
) -> None:
    peer = hugging_face(TRICKY, 500, end, pattern)
    peer.add_special_tokens(["<|endoftext|>"])
    peer.save(str(tmp_path / "tokenizer.json"))
    ours = load_tokenizer(str(tmp_path / "tokenizer.json"))
    text = f"{TRICKY}<|endoftext|>{prose()}{END} x 12  34"
    assert ours.encode(text) == peer.encode(text).ids
    assert ours.specials == ((END, "<|endoftext|>") if end else ("<|endoftext|>",))


@pytest.mark.parametrize("end", [True, False])
def test_we_read_files_in_the_form_of_gpt2(tmp_path: Path, end: bool) -> None:
    peer = hugging_face(TRICKY, 500, end)
    vocab, merges = peer.model.save(str(tmp_path))
    ours = load_gpt2_tokenizer(vocab, Path(merges))
    assert ours.vocab == vocab_of(peer)
    assert ours.specials == ((END,) if end else ())
    assert ours.encode(TRICKY + prose()) == peer.encode(TRICKY + prose()).ids


@pytest.mark.parametrize(
    "post",
    [{"type": "TemplateProcessing", "special_tokens": {}}, {"type": "ByteLevel"}],
)
def test_a_post_processor_that_adds_nothing(
    tmp_path: Path, post: dict[str, Any]
) -> None:
    """As Transformers writes for GPT-2."""
    (tmp_path / "gpt2.json").write_text(json.dumps(changed(post_processor=post)))
    assert load_tokenizer(tmp_path / "gpt2.json").vocab == PROSE.vocab


def test_a_sequence_of_one_step_is_that_step(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", changed(pre_tokenizer=steps([LEVEL])))
    peer = tokenizers.Tokenizer.from_file(str(path))
    assert load_tokenizer(path).encode("12  34") == peer.encode("12  34").ids


def test_a_vocabulary_without_some_bytes(tmp_path: Path) -> None:
    """Hugging Face leaves them out of what it encodes; so do we, and say which they are."""
    content = json.loads(SAVED)
    vocab = sorted(content["model"]["vocab"], key=content["model"]["vocab"].__getitem__)
    vocab.remove("ÿ")
    content["model"]["vocab"] = {token: i for i, token in enumerate(vocab)}
    ours = load_tokenizer(written(tmp_path / "a.json", content))
    peer = tokenizers.Tokenizer.from_str(json.dumps(content))
    assert ours.missing == b"\xff"
    assert ours.encode(TEXT) == peer.encode(TEXT).ids
    save_tokenizer(ours, tmp_path / "b.json")
    assert load_tokenizer(tmp_path / "b.json").missing == b"\xff"


def test_merges_in_the_older_spelling(tmp_path: Path) -> None:
    content = json.loads(SAVED)
    content["model"]["merges"] = [f"{a} {b}" for a, b in content["model"]["merges"]]
    del content["model"]["type"]
    (tmp_path / "old.json").write_text(json.dumps(content))
    assert load_tokenizer(tmp_path / "old.json").merges == PROSE.merges


DIGITS = {"type": "Digits", "individual_digits": True}


def steps(pretokenizers: object) -> dict[str, object]:
    return {"type": "Sequence", "pretokenizers": pretokenizers}


def changed(**changes: Any) -> dict[str, Any]:
    content = json.loads(SAVED)
    for name, value in changes.items():
        *path, last = name.split("__")
        part = content
        for key in path:
            part = part[key]
        part[last] = value
    return content


@pytest.mark.parametrize(
    "changes, odd",
    [
        ({"model__type": "WordPiece"}, "model"),
        ({"model": {"type": "BPE", "vocab": {}}}, "model"),
        ({"model": None}, "model"),
        ({"model__dropout": 0.1}, "model.dropout"),
        ({"model__ignore_merges": True}, "model.ignore_merges"),
        ({"model__end_of_word_suffix": "</w>"}, "model.end_of_word_suffix"),
        ({"normalizer": {"type": "NFC"}}, "normalizer"),
        ({"pre_tokenizer": None}, "pre_tokenizer"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "pre_tokenizer"),
        ({"pre_tokenizer__use_regex": False}, "pre_tokenizer.use_regex"),
        ({"pre_tokenizer": steps([])}, "pre_tokenizer"),
        ({"pre_tokenizer": steps([3])}, "pre_tokenizer"),
        ({"pre_tokenizer": steps([DIGITS])}, "pre_tokenizer"),
        ({"pre_tokenizer": steps([LEVEL, DIGITS])}, "pre_tokenizer"),
        ({"pre_tokenizer": steps([DIGITS, DIGITS, LEVEL])}, "pre_tokenizer"),
        ({"pre_tokenizer": steps([{"type": "Digits"}, LEVEL])}, "pre_tokenizer"),
        (
            {"pre_tokenizer": steps([DIGITS | {"individual_digits": False}, LEVEL])},
            "pre_tokenizer",
        ),
        (
            {"pre_tokenizer": steps([DIGITS, LEVEL | {"add_prefix_space": True}])},
            "pre_tokenizer.add_prefix_space",
        ),
        ({"pre_tokenizer__add_prefix_space": True}, "pre_tokenizer.add_prefix_space"),
        ({"post_processor": {"type": "BertProcessing"}}, "post_processor"),
        (
            {
                "post_processor": {
                    "type": "TemplateProcessing",
                    "special_tokens": {END: {}},
                }
            },
            "post_processor",
        ),
        ({"truncation": {"max_length": 8}}, "truncation"),
        ({"padding": {"pad_id": 0}}, "padding"),
        ({"added_tokens": [{"id": 0, "content": END, "lstrip": True}]}, "added_tokens"),
    ],
)
def test_file_of_another_kind_of_tokenizer(
    tmp_path: Path, changes: dict[str, Any], odd: str
) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(changed(**changes)))
    with pytest.raises(
        ValueError,
        match=rf"path: '.*other\.json' is not a byte-level BPE as GPT-2's \(see {odd} in it\)",
    ):
        load_tokenizer(path)


def test_real_files_of_other_kinds(tmp_path: Path) -> None:
    path = str(tmp_path / "words.json")
    tokenizers.Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(path)
    with pytest.raises(ValueError, match="is not a byte-level BPE"):
        load_tokenizer(path)
    peer = hugging_face("low low", 260)
    peer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(r"\d", "isolated"),
            pre_tokenizers.ByteLevel(use_regex=False),
        ]
    )
    peer.save(path)
    with pytest.raises(ValueError, match="see pre_tokenizer in it"):
        load_tokenizer(path)


@pytest.mark.parametrize(
    "text, message",
    [
        ("not json", r"path: '.*bad' is not JSON \(Expecting value"),
        ("[1, 2]", "path: '.*bad' holds no JSON object"),
        (" ", "path: '.*bad' is empty"),
        (json.dumps({"a": 0, "b": 2}), "path: '.*bad' has 2 tokens, but not each id from 0 to 1"),
        (json.dumps({"a": 0}), "vocab: '!' is missing"),
    ],
)  # fmt: skip
def test_bad_vocabulary_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad").write_text(text)
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(ValueError, match=message):
        load_gpt2_tokenizer(tmp_path / "bad", tmp_path / "merges.txt")


def test_bad_merges_file(tmp_path: Path) -> None:
    hugging_face("low low", 260).model.save(str(tmp_path))
    (tmp_path / "merges.txt").write_text("#version: 0.2\nl o\nlo w s\n")
    with pytest.raises(
        ValueError,
        match=r"path: '.*merges\.txt' has the merge \('lo', 'w', 's'\); give two",
    ):
        load_gpt2_tokenizer(tmp_path / "vocab.json", tmp_path / "merges.txt")
    with pytest.raises(ValueError, match=r"path: cannot read '.*none'"):
        load_gpt2_tokenizer(tmp_path / "vocab.json", tmp_path / "none")


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def added(i: object, text: object, **flags: object) -> dict[str, object]:
    names = ("single_word", "lstrip", "rstrip", "normalized")
    return {
        "id": i,
        "content": text,
        **dict.fromkeys(names, False),
        "special": True,
    } | flags


PLAIN = {"special": False, "normalized": True}


@pytest.mark.parametrize(
    "tokens",
    [
        [added(600, "<pad>", **PLAIN)],
        [added(600, "foo", **PLAIN), added(601, "foobar", **PLAIN)],
        [added(600, "a b", **PLAIN), added(601, "<x>")],
        [added(600, "人工"), added(601, "工智", special=False)],
        [added(600, " to "), added(601, "  ")],
        [added(PROSE.ids["he"], "he", **PLAIN)],
        [added(600, "")],
        [added(0, "")],
        [added(600, "<x>"), added(600, "", **PLAIN), added(601, "<y>")],
        [added(600, "<x>"), added(600, "<x>")],
        [],
    ],
)  # fmt: skip
def test_added_tokens_are_read_as_by_hugging_face(
    tmp_path: Path, tokens: list[dict[str, Any]]
) -> None:
    content = json.loads(SAVED)
    content["added_tokens"] += tokens
    ours = load_tokenizer(written(tmp_path / "a.json", content))
    peer = tokenizers.Tokenizer.from_str(json.dumps(content))
    save_tokenizer(ours, tmp_path / "b.json")
    again = tokenizers.Tokenizer.from_file(str(tmp_path / "b.json"))
    for text in (TEXT, "<x>foobarfoo<y> a b to  to 人工智能 he the<pad><x"):
        ids = ours.encode(text)
        assert ids == peer.encode(text).ids == again.encode(text).ids
        assert ours.decode(ids) == peer.decode(ids, skip_special_tokens=False) == text
        assert again.decode(ids) == peer.decode(ids)  # without special tokens
    assert ours.vocab == vocab_of(peer)


def test_tokens_that_are_added_by_hugging_face(tmp_path: Path) -> None:
    peer = hugging_face(TRICKY, 500)
    peer.add_tokens(["foo bar", AddedToken("baz", normalized=False)])
    peer.add_special_tokens(["<pad>"])
    peer.save(str(tmp_path / "a.json"))
    ours = load_tokenizer(tmp_path / "a.json")
    text = f"foo bar{END}foo  barbaz bazfoo bar<pad>"
    assert ours.encode(text) == peer.encode(text).ids
    assert (ours.specials, ours.added) == ((END, "<pad>"), ("foo bar", "baz"))


@pytest.mark.parametrize(
    "tokens",
    [
        [added(601, "<x>"), added(600, "<y>")],
        [added(599, "<x>")],
        [added(602, "<x>")],
        [added(-1, "<x>")],
        [added(600, ""), added(601, "<x>")],
        [added(PROSE.ids["he"], "th"), added(PROSE.ids["th"], "he")],
    ],
)  # fmt: skip
def test_ids_that_hugging_face_reads_otherwise(
    tmp_path: Path, tokens: list[dict[str, Any]]
) -> None:
    content = json.loads(SAVED)
    content["added_tokens"] += tokens
    with pytest.raises(ValueError, match=r"path: '.*a\.json' has .* added_tokens"):
        load_tokenizer(written(tmp_path / "a.json", content))


def test_an_id_that_only_an_added_token_has(tmp_path: Path) -> None:
    content = json.loads(SAVED)
    del content["model"]["vocab"][END]
    with pytest.raises(ValueError, match=r"path: '.*a\.json' has ids in added_tokens"):
        load_tokenizer(written(tmp_path / "a.json", content))


ODD = [None, "BPE", 3, True, [], ["BPE"], {}, {"type": "Sequence"}, [None], [3], [[]]]
FIELDS = [
    ("model",),
    ("model", "type"),
    ("model", "vocab"),
    ("model", "merges"),
    *[(name,) for name in ("pre_tokenizer", "post_processor", "decoder", "normalizer")],
    *[(name,) for name in ("truncation", "padding", "added_tokens")],
    ("pre_tokenizer", "type"),
    ("decoder", "type"),
    ("added_tokens", 0),
    *[("added_tokens", 0, name) for name in added(0, "")],
    ("model", "vocab", "a"),
    ("model", "vocab", END),
    ("model", "merges", 3),
    ("model", "merges", 3, 0),
]


@pytest.mark.parametrize("odd", ODD, ids=map(str, ODD))
@pytest.mark.parametrize("field", FIELDS, ids=map(str, FIELDS))
def test_a_field_that_holds_something_else(
    tmp_path: Path, field: tuple[str | int, ...], odd: object
) -> None:
    """An error that says which, or the ids of Hugging Face, where that reads it at all."""
    content = json.loads(SAVED)
    part = content
    for key in field[:-1]:
        part = part[key]
    part[field[-1]] = odd
    path = written(tmp_path / "a.json", content)
    try:
        peer = tokenizers.Tokenizer.from_file(str(path))
    except Exception:
        peer = None
    try:
        ours = load_tokenizer(path)
    except ValueError as error:
        names = (field[0], "has the merge", "vocab: ")
        assert any(str(name) in str(error) for name in names)
    else:
        assert peer is None or ours.encode(TEXT) == peer.encode(TEXT).ids


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"model": "BPE"}, "see model in it"),
        ({"model__vocab": ["a"]}, r"see model\.vocab in it"),
        ({"model__vocab": {"a": "0"}}, r"see model\.vocab in it"),
        ({"model__vocab": {"a": True}}, r"see model\.vocab in it"),
        ({"model__merges": None}, r"see model\.merges in it"),
        ({"model__merges": "a b"}, r"see model\.merges in it"),
        ({"model__merges": [1]}, "has the merge 1; give two tokens"),
        ({"model__merges": [["a", 1]]}, r"has the merge \('a', 1\); give two tokens"),
        ({"model__merges": [["t", "h"], ["t", "h"]]}, r"model\.merges\[1\] of '.*a.json'"),
        ({"model__merges": PROSE.merges[::-1]}, r"no earlier merge.*model\.merges\[0\] of"),
        ({"model__merges": [["q", "z"]]}, r"vocab: 'qz' is missing.*model\.merges\[0\]"),
        ({"pre_tokenizer": "ByteLevel"}, "see pre_tokenizer in it"),
        ({"post_processor": ["ByteLevel"]}, "see post_processor in it"),
        ({"decoder": {"type": "Metaspace"}}, "see decoder in it"),
        ({"added_tokens": "abc"}, "see added_tokens in it"),
        ({"added_tokens": None}, "see added_tokens in it"),
        ({"added_tokens": [{"id": 0}]}, "see added_tokens in it"),
        ({"added_tokens": [added(0, END, special="yes")]}, "see added_tokens in it"),
        ({"added_tokens": [added(0, END), added(600, f"a{END}", **PLAIN)]}, "see added_tok"),
        ({"added_tokens": [added(0, END), added(600, ">x", **PLAIN)]}, "see added_tokens"),
    ],
)  # fmt: skip
def test_a_damaged_tokenizer_json(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    path = written(tmp_path / "a.json", changed(**changes))
    with pytest.raises(ValueError, match=message):
        load_tokenizer(path)


def test_a_file_without_the_optional_fields(tmp_path: Path) -> None:
    content = changed(decoder=None, post_processor=None)
    del content["added_tokens"]
    ours = load_tokenizer(written(tmp_path / "a.json", content))
    assert ours.encode("to be\n") == PROSE.encode("to be\n") and ours.specials == ()


def gpt2_files(folder: Path) -> tuple[Path, Path, list[str]]:
    """A small tokenizer in GPT-2's form: its special token comes last."""
    trained = BPETokenizer.train(prose(), 600, end=False)
    vocab = [*trained.vocab, "<|endoftext|>"]
    lines = ["#version: 0.2", *map(" ".join, trained.merges)]
    files = folder / "vocab.json", folder / "merges.txt"
    written(files[0], {token: i for i, token in enumerate(vocab)})
    files[1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    return *files, lines


def test_the_special_token_of_gpt2(tmp_path: Path) -> None:
    vocab, merges, _ = gpt2_files(tmp_path)
    ours = load_gpt2_tokenizer(vocab, merges)
    assert ours.specials == ("<|endoftext|>",)
    assert ours.encode("low<|endoftext|>")[-1] == len(ours.vocab) - 1 == 600


Damage = Callable[[list[str]], list[str]]


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lambda lines: lines[:101], r"makes no '.+' up to its last line, 101, and '.*voc"),
        (lambda lines: lines[:1], r"makes no .+ up to its last line, 0, and "),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], r"\(line 345\)|line 345"),
        (lambda lines: [*lines[:50], lines[50][:-1], *lines[51:]], r"line 51"),
        (lambda lines: [*lines[:50], lines[50].split()[0]], r"has the merge .* \(line 51"),
        (lambda lines: [*lines[:50], *lines[51:]], r"makes no|no earlier merge makes it"),
        (lambda lines: [*lines[:50], lines[50], *lines[50:]], r"there already.*\(line 52 of"),
        (lambda lines: [*lines, lines[1]], r"which is there already.*\(line 346 of '.*merges"),
        (lambda lines: [lines[0], *lines[:0:-1]], r"no earlier merge makes it.*\(line \d+ of"),
        (lambda lines: [lines[0], *sorted(lines[1:])], r"no earlier merge.*\(line \d+ of"),
        (lambda lines: [*lines, "q z"], r"vocab: 'qz' is missing.*\(line 346 of"),
        (lambda lines: [*lines[:9], "a  b", *lines[9:]], r"has the merge .* \(line 10\)"),
        (lambda lines: [*lines[:9], "a\tb", *lines[9:]], r"has the merge .* \(line 10\)"),
    ],
)  # fmt: skip
def test_damaged_merges(tmp_path: Path, damage: Damage, reason: str) -> None:
    vocab, merges, lines = gpt2_files(tmp_path)
    assert len(lines) == 345
    merges.write_text("\n".join(damage(lines)), encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        load_gpt2_tokenizer(vocab, merges)


def test_every_cut_of_the_merges_is_found(tmp_path: Path) -> None:
    vocab, merges, lines = gpt2_files(tmp_path)
    text = "\n".join(lines)
    for end in range(14, len(text), 37):
        merges.write_text(text[:end], encoding="utf-8")
        with pytest.raises(ValueError, match=r"line|path: .* is empty"):
            load_gpt2_tokenizer(vocab, merges)


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: "\r\n".join(lines) + "\r\n",
        lambda lines: "\ufeff" + "\n".join(lines),
        lambda lines: " \n".join(lines),
        lambda lines: "\n".join(lines) + "\n\n  \n",
        lambda lines: "\n".join(lines[1:]),
    ],
)
def test_what_editors_do_to_a_file_does_no_harm(
    tmp_path: Path, damage: Callable[[list[str]], str]
) -> None:
    vocab, merges, lines = gpt2_files(tmp_path)
    whole = load_gpt2_tokenizer(vocab, merges)
    merges.write_bytes(damage(lines).encode())
    vocab.write_bytes(b"\xef\xbb\xbf" + vocab.read_bytes())
    again = load_gpt2_tokenizer(vocab, merges)
    assert (again.vocab, again.merges, again.specials) == (
        whole.vocab, whole.merges, whole.specials
    )  # fmt: skip


def test_a_byte_order_mark_before_a_tokenizer_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + SAVED.encode())
    assert load_tokenizer(tmp_path / "a.json").vocab == PROSE.vocab


def test_a_vocabulary_of_another_model(tmp_path: Path) -> None:
    vocab, merges, _ = gpt2_files(tmp_path)
    other = BPETokenizer.train(TRICKY, 600, end=False)
    written(vocab, other.ids)
    with pytest.raises(
        ValueError, match=r"vocab: .* is missing.*\(line \d+ of '.*merges"
    ):
        load_gpt2_tokenizer(vocab, merges)
    for token in ("PAD", "Ġmade", "ĠĠ"):  # these may as well be what lost merges made
        more = [*BPETokenizer.train(prose(), 600, end=False).vocab, token]
        written(vocab, {token: i for i, token in enumerate(more)})
        with pytest.raises(
            ValueError, match=rf"makes no '{token}' up to its last line"
        ):
            load_gpt2_tokenizer(vocab, merges)


def test_swapped_files(tmp_path: Path) -> None:
    vocab, merges, _ = gpt2_files(tmp_path)
    with pytest.raises(ValueError, match=r"path: '.*merges\.txt' is not JSON"):
        load_gpt2_tokenizer(merges, vocab)
    with pytest.raises(ValueError, match=r"path: '.*vocab\.json' has the merge"):
        load_gpt2_tokenizer(vocab, vocab)
    with pytest.raises(
        ValueError, match=r"path: '.*a\.json' has 6 tokens, but not each"
    ):
        (tmp_path / "a.json").write_text(json.dumps(dict.fromkeys("abcdef", "0")))
        load_gpt2_tokenizer(tmp_path / "a.json", merges)

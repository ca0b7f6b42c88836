"""The reader's own GPT: the same as the book's if all parts are right, and never the same if one is wrong."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import torch

from lmlib.classroom.assignments import Assignment
from lmlib.classroom.checks import check_answer, example
from lmlib.classroom.known import forms, mistakes
from lmlib.classroom.record import known_mistakes
from lmlib.interop.real import load_real
from lmlib.llama import Llama
from lmlib.modern import ModernConfig
from lmlib.pretrained import load_book_gpt
from lmlib.transformer import GPT, Config
from lmlib.workshop import keeping, parts
from lmlib.workshop.assembly import BOOKS, Parts, load_parts
from lmlib.workshop.keeping import NAME, definitions, keep, read, written
from lmlib.workshop.models import PartsGPT, PartsLlama, llama_weights, weights_of
from lmlib.workshop.proofs import PROOFS
from lmlib.workshop.road import ROAD
from lmlib.workshop.today import run
from lmlib.workshop.trials import TRIALS, fault

ASSIGNMENTS = {step.chapter: Assignment(step.chapter) for step in ROAD.values()}
each_part = pytest.mark.parametrize("name", ROAD)
PROBABILITIES = "def probabilities(logits):\n    return logits.softmax(-1)"


def answer(name: str) -> str:
    """The solution of a part's exercise, as it stands in its chapter."""
    step = ROAD[name]
    return ASSIGNMENTS[step.chapter].exercises[step.exercise].solution


def functions(source: str) -> dict[str, str]:
    """The code of each function, without docstring and comments."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[1:]
            found[node.name] = ast.unparse(node)
    return found


# The road


def test_every_part_is_written_and_tried() -> None:
    own = functions(BOOKS.read_text("utf-8"))
    assert [*own] == [*ROAD] and {*TRIALS} == {*ROAD}
    assert all(len([*trial()]) >= 2 for trial in TRIALS.values())


@each_part
def test_the_solution_of_an_exercise_is_the_books_part(name: str) -> None:
    assert functions(answer(name)) == {name: functions(BOOKS.read_text("utf-8"))[name]}


@each_part
def test_a_right_part_is_taken(name: str) -> None:
    assert Parts({name: answer(name)}).own == [name]
    assert fault(name, vars(parts)[name], vars(parts)[name]) == ""


@each_part
def test_right_parts_in_other_forms_are_taken(name: str) -> None:
    """But for lists and numbers in place of tensors, and for what only the chapter imports; both are said."""
    step = ROAD[name]
    found = forms(ASSIGNMENTS[step.chapter])[step.exercise]
    refused = [Parts({name: source}).refused.get(name, "") for source in found]
    said = ("gives no tensor", "must stand in its cell)")
    assert all(not why or why.endswith(said) for why in refused)
    assert not all(refused)


def test_checks_keep_parts_and_nothing_else() -> None:
    kept = {
        (topic, exercise.name)
        for topic, assignment in ASSIGNMENTS.items()
        for exercise in assignment.exercises.values()
        if re.search(r"^    part=True,$", exercise.check, re.M)
    }
    assert kept == {*ROAD.values()}


# The same as the book's


RAISING = "import math, torch\nimport torch.nn.functional as F\n" + "".join(
    f"def {name}(*a, **k): raise AssertionError('the book')\n" for name in ROAD
)
"""In the place of the book's parts: those that a reader did not replace raise."""


@pytest.mark.parametrize("proof", PROOFS.values(), ids=PROOFS)
def test_answers_alone_do_what_the_books_modules_do(proof: object) -> None:
    own = Parts({name: answer(name) for name in ROAD}, books=RAISING)
    assert own.own == [*ROAD] and not own.refused
    assert proof(own).same  # type: ignore[operator]
    nobody = Parts(books=RAISING)
    with pytest.raises(AssertionError, match="the book"):
        proof(nobody)  # type: ignore[operator]


def test_two_hundred_tokens_are_drawn() -> None:
    found = PROOFS["writes"](Parts())
    assert found.yours.shape == (2, 100) and not torch.equal(*found.yours)


@each_part
def test_a_wrong_part_is_refused(name: str) -> None:
    step = ROAD[name]
    known = {one["hint"] for one in known_mistakes(step.exercise)}
    wrong = mistakes(ASSIGNMENTS[step.chapter])[step.exercise]
    tried = [one for one in wrong if one.hint in known]  # the others never end
    assert len(tried) >= 10
    for one in tried:
        found = Parts({name: one.source})
        assert name in found.refused and found.own == [], one.source


def test_a_wrong_part_changes_the_text_where_it_is_taken() -> None:
    no_root = answer("attend").replace(" / math.sqrt(q.shape[-1])", "")
    found = Parts({"attend": no_root}, strict=False)
    assert found.own == ["attend"] and not PROOFS["writes"](found).same


def test_a_trial_says_what_is_wrong() -> None:
    books = parts.look_up
    assert fault("look_up", books, books) == ""
    assert "stops with ZeroDivisionError" in fault("look_up", lambda i, t: 1 / 0, books)

    def spoils(logits: torch.Tensor) -> torch.Tensor:
        result = parts.probabilities(logits)
        logits += 1
        return result

    assert "changes what it is given" in fault(
        "probabilities", spoils, parts.probabilities
    )
    assert (
        "cannot be run: SyntaxError"
        in Parts({"attend": "def attend("}).refused["attend"]
    )


# Models


def test_the_model_gives_the_logits_of_the_books() -> None:
    book = load_book_gpt()
    model = PartsGPT(Parts(), book)
    ids = torch.randint(
        book.config.vocab_size, (3, 40), generator=torch.Generator().manual_seed(0)
    )
    with torch.no_grad():
        assert torch.allclose(model(ids), book(ids), atol=1e-4)
        reader = model.reader()
        for end in (1, 7, 8, 40):
            assert torch.allclose(
                reader(ids[:, :end]), book(ids)[:, end - 1], atol=1e-4
            )
    with pytest.raises(ValueError, match=r"ids: 40 tokens, of which none is new"):
        reader(ids)


def test_weights_are_the_models_own() -> None:
    model = GPT(Config(vocab_size=9, n_layer=1))
    weights = weights_of(model)
    tensors = [
        *weights["blocks"][0].values(),
        *(t for t in weights.values() if isinstance(t, torch.Tensor)),
    ]
    assert {id(t) for t in tensors} == {id(p) for p in model.parameters()}
    with pytest.raises(ValueError, match="positions are 'rotary'"):
        weights_of(GPT(Config(vocab_size=9, positions="rotary")))


# A model of today


SIZES = [(4, 2, 16), (4, 4, 8), (6, 1, 4)]


@pytest.mark.parametrize("n_head, n_kv_head, d_head", SIZES)
def test_the_parts_run_a_model_of_today(
    n_head: int, n_kv_head: int, d_head: int
) -> None:
    shape = {"n_head": n_head, "n_kv_head": n_kv_head, "d_head": d_head}
    config = ModernConfig(30, d_model=n_head * d_head, rope_base=500.0, **shape)
    model, ids = Llama(config, seed=3).eval(), torch.arange(30).view(2, 15)
    own = PartsLlama(Parts(), model)
    with torch.no_grad():
        assert torch.allclose(own(ids), model(ids), atol=1e-4)
        assert torch.allclose(own.last_logits(ids), model(ids)[:, -1], atol=1e-4)


MODERN = ("rms_norm", "swiglu", "turned", "grouped_heads")


def test_answers_alone_run_a_real_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the book's parts nor, where the parts are asked, the modules of the library."""
    real = load_real()
    own = Parts({name: answer(name) for name in ROAD}, books=RAISING)
    ids = real.encode("The capital of France is")
    with torch.no_grad():
        books = real.model(ids)
        proof = run(own, real.model, ids, n=20)
        monkeypatch.setattr(torch.nn.Module, "__call__", None)
        yours = PartsLlama(own, real.model)(ids)
    assert torch.allclose(yours, books, atol=1e-3)
    assert proof.same and proof.yours.shape == (1, ids.shape[1] + 20)


@pytest.mark.parametrize("name", MODERN)
def test_each_of_the_four_is_asked(name: str) -> None:
    answers = {other: answer(other) for other in ROAD if other != name}
    missing = Parts(answers, books=RAISING)
    model = Llama(ModernConfig(vocab_size=30))
    with pytest.raises(AssertionError, match="the book"):
        PartsLlama(missing, model)(torch.tensor([[1, 2, 3]]))


@pytest.mark.parametrize(
    "settings",
    [
        {"qkv_bias": True},
        {"output_bias": True},
        {"ff_bias": True},
        {"tied": False},
        {"norm_eps": 1e-6},
    ],
)
def test_what_the_parts_are_not_made_for_is_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="is not what the parts are made for"):
        llama_weights(Llama(ModernConfig(vocab_size=9, **settings)))


# The file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / NAME


def own_function(source: str, name: str) -> object:
    """A function as a notebook has it: its cell is nowhere on disk, but can be read."""
    import linecache

    file = f"<cell {len(linecache.cache)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    space: dict = vars(parts).copy()
    exec(compile(source, file, "exec"), space)
    return space[name]


def test_a_right_answer_is_kept_and_read_again(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = "import torch\nprint('nothing')\n" + PROBABILITIES + "  # mine"
    mine = own_function(cell, "probabilities")
    assert "Kept in my_gpt.py: 1 of 30 parts" in keep(mine)  # type: ignore[arg-type]
    second = own_function("def look_up(i, table):\n    return table[i]", "look_up")
    assert "2 of 30" in keep(second)  # type: ignore[arg-type]
    assert [*read(here)] == ["look_up", "probabilities"]
    assert "print" not in here.read_text() and "# mine" in here.read_text()
    found = load_parts()
    assert found.own == ["look_up", "probabilities"] and not found.refused
    space: dict = {}
    exec(here.read_text(), space)  # it is a module, too
    assert space["probabilities"](torch.zeros(2)).tolist() == [0.5, 0.5]
    assert {"attend", "gpt"} <= {*space}


def test_the_books_own_solution_is_not_kept(here: Path) -> None:
    for name in ("attend", "gpt"):
        assert keep(own_function(functions_with_doc(name), name)) == ""  # type: ignore[arg-type]
    assert not here.exists()


def functions_with_doc(name: str) -> str:
    tree = ast.parse(BOOKS.read_text("utf-8"))
    node = next(n for n in tree.body if getattr(n, "name", "") == name)
    return ast.get_source_segment(BOOKS.read_text("utf-8"), node) or ""


def test_what_cannot_be_kept_is_said(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no part of the GPT is called 'keep'" in keep(keep)
    space: dict = vars(parts).copy()
    exec(PROBABILITIES, space)  # a function whose text nobody has
    assert "could not be kept" in keep(space["probabilities"])
    monkeypatch.setattr(
        keeping, "write_whole", lambda *_: (_ for _ in ()).throw(OSError("full"))
    )
    mine = own_function(PROBABILITIES, "probabilities")
    assert keep(mine) == "It could not be kept in my_gpt.py (full)."  # type: ignore[arg-type]


def test_a_check_keeps_a_part_only_if_it_is_right(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = own_function(PROBABILITIES.replace("-1", "0"), "probabilities")
    pair = torch.tensor([[0.0, 0.0]])
    one = example(pair, gives=[[0.5, 0.5]], why="Two equal logits.")
    with pytest.raises(AssertionError):
        check_answer("probabilities", wrong, one, right="Right.", part=True)  # type: ignore[arg-type]
    assert not here.exists()
    mine = own_function(PROBABILITIES, "probabilities")
    check_answer("probabilities", mine, one, right="Right.", part=True)  # type: ignore[arg-type]
    assert capsys.readouterr().out == (
        "Right.\nKept in my_gpt.py: 1 of 30 parts of the GPT are yours.\n"
    )


def test_in_colab_the_drive_is_taken_if_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert keeping.folder() == tmp_path
    drive = tmp_path / "drive"
    drive.mkdir()
    monkeypatch.setattr(keeping, "DRIVE", drive)
    assert keeping.folder() == drive


def test_a_path_that_is_none_is_said(here: Path) -> None:
    assert repr(load_parts()) == "Parts: 0 of 30 are yours"
    with pytest.raises(ValueError, match=r"there is no file 'nowhere\.py'"):
        load_parts("nowhere.py")
    here.write_text(written({"attend": "def attend(q, k, v, causal):\n    return v"}))
    found = load_parts(here)
    assert repr(found) == "Parts: 0 of 30 are yours, 1 refused"
    with pytest.raises(AttributeError, match="no part is called 'heart'"):
        found.heart  # noqa: B018


def test_only_definitions_are_kept() -> None:
    cell = "%%time\nx"
    with pytest.raises(SyntaxError):
        definitions(cell)
    assert (
        definitions("@cache\ndef f():\n    return 1\nf()")
        == "@cache\ndef f():\n    return 1"
    )

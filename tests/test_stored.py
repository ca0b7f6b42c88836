"""Values that no chapter has the time to compute: each file says what made it, and a part of it is made here anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
import pytest
import torch

import lmlib
from lmlib.bpe import BPETokenizer
from lmlib.finetuning import read_out
from lmlib.interop.real import HOW, find_real
from lmlib.pretokenizer import BYTES
from lmlib.reviews import Verbalizer
from lmlib.stories import STORIES
from lmlib.task_gpt import as_writer, load_tasks_gpt
from lmlib.tasks import write_answers
from lmlib.workshop.parts import encode_word

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import clinic  # noqa: E402
import compression_real  # noqa: E402
import curation  # noqa: E402
import evaluation  # noqa: E402
import evaluation_real  # noqa: E402
import finetune_real  # noqa: E402
import finetuning  # noqa: E402
import generation_real  # noqa: E402
import growth  # noqa: E402
import instructions  # noqa: E402
import instructions_real  # noqa: E402
import interpretability  # noqa: E402
import labelling  # noqa: E402
import labelling_real  # noqa: E402
import ladder  # noqa: E402
import limits  # noqa: E402
import modern  # noqa: E402
import parity  # noqa: E402
import preferences  # noqa: E402
import preferences_real  # noqa: E402
import processes  # noqa: E402
import real_english  # noqa: E402
import real_translation  # noqa: E402
import retrieval  # noqa: E402
import retrieval_real  # noqa: E402
import retrieval_tools  # noqa: E402
import rewards  # noqa: E402
import rewards_real  # noqa: E402
import scaling  # noqa: E402
import smaller  # noqa: E402
import speedrun  # noqa: E402
import squeeze  # noqa: E402
import stored  # noqa: E402
import tasks  # noqa: E402
import tasks_real  # noqa: E402
import transfer  # noqa: E402
import transfer_real  # noqa: E402
import without  # noqa: E402
import word_vectors  # noqa: E402

DATA = Path(lmlib.__file__).parent / "data"
STORED = {
    path.name: json.loads(path.read_text("utf-8")) for path in DATA.glob("*.json")
}
CHAPTERS = {
    path.stem: nbformat.read(path, as_version=4)
    for path in sorted((ROOT / "chapters").glob("*.ipynb"))
}
READERS = [
    (name, file)
    for name, notebook in CHAPTERS.items()
    for file in sorted(STORED)
    if any(c.cell_type == "code" and file in c.source for c in notebook.cells)
]


def script_of(file: str) -> str:
    return STORED[file]["made_by"]["command"].split()[1]


@pytest.mark.parametrize("file", sorted(STORED))
def test_a_file_says_how_to_make_it_anew(file: str) -> None:
    made_by = STORED[file]["made_by"]
    assert set(made_by) == {"command", "seeds", "seconds"}
    assert made_by["command"].startswith("python ")
    assert file in (ROOT / script_of(file)).read_text("utf-8"), (
        "another script writes it"
    )
    assert made_by["seeds"] and all(isinstance(seed, int) for seed in made_by["seeds"])
    assert made_by["seconds"] > 0


@pytest.mark.parametrize("name, file", READERS)
def test_a_chapter_names_the_script_of_what_it_shows(name: str, file: str) -> None:
    prose = "\n".join(
        cell.source for cell in CHAPTERS[name].cells if cell.cell_type == "markdown"
    )
    assert script_of(file) in prose


def test_every_file_is_read_by_a_chapter() -> None:
    assert {file for _, file in READERS} == set(STORED)


def test_a_script_stores_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/benchmarks/gpu.py", "--rounds", "3"])
    stored.store(tmp_path / "found.json", {"rows": [1]}, seeds=[0, 1], seconds=61.7)
    assert json.loads((tmp_path / "found.json").read_text("utf-8")) == {
        "rows": [1],
        "made_by": {
            "command": "python benchmarks/gpu.py --rounds 3",
            "seeds": [0, 1],
            "seconds": 62,
        },
    }


# One row of each file, computed anew. The answer of a server is compared in test_hosted.py.


@pytest.mark.parametrize("axis", growth.AXES)
def test_memory_of_a_training_step(axis: str) -> None:
    curve = STORED["growth.json"][axis]
    anew = [
        growth.kept_megabytes(*growth.point(**growth.BASE | {axis: value}))
        for value in curve["values"][:2]
    ]
    assert anew == pytest.approx(curve["megabytes"][:2], rel=0.02)


def test_a_rate_that_was_tried_for_the_ladder() -> None:
    row = STORED["ladder.json"]["tried"][0]
    anew = ladder.run(row["model"], 400, row["rate"], seed=9, records=1)
    assert anew["loss"] == pytest.approx(row["loss"], rel=0.01)


def test_stories_that_a_real_model_read() -> None:
    if not find_real():
        pytest.skip(HOW)
    kept = STORED["real_english.json"]
    anew = real_english.one_after_the_other(seed=0, count=2)
    assert anew == pytest.approx(kept["stories 0"][:2], rel=0.01)
    assert real_english.known(STORIES) == pytest.approx(kept["floor"], abs=1e-4)


def test_a_short_run_of_a_model_that_goes_on() -> None:
    kept = STORED["evaluation.json"]["short"]["20 steps"]
    assert evaluation.short() == pytest.approx(kept, rel=0.02, abs=0.003)
    for copies in evaluation.COPIES:
        runs = STORED["evaluation.json"][f"copies {copies}"]
        assert [*runs] == [str(seed) for seed in evaluation.SEEDS]


def test_verdicts_of_a_real_model() -> None:
    if not find_real():
        pytest.skip(HOW)
    kept = STORED["evaluation_real.json"]
    questions = [item.question for item in evaluation_real.ITEMS]
    assert [*kept["judge"]] == [*kept["likelihood"]] == questions
    item = evaluation_real.ITEMS[3]
    for key, make in (
        ("judge", evaluation_real.judge),
        ("likelihood", evaluation_real.likelihoods),
    ):
        anew, stored = make(item), kept[key][item.question]
        assert anew["word" if key == "likelihood" else "short"] == pytest.approx(
            stored["word" if key == "likelihood" else "short"], abs=0.01
        )


def test_the_record_of_the_speedrun() -> None:
    rows = STORED["speedrun.json"]["rows"]
    (row,) = (row for row in rows if row["name"] == [*speedrun.WAY][-1])
    assert row["mean"] <= speedrun.TARGET and row["steps"] == speedrun.RECORD.steps
    anew = speedrun.once(speedrun.RECORD, seed=0)
    assert anew["ratio"] == pytest.approx(row["ratios"][0], abs=0.01)
    fresh = STORED["speedrun.json"]["fresh"]
    assert [one["steps"] for one in fresh] == [
        speedrun.WAY[one["name"]].steps for one in fresh
    ]
    assert all(set(one["seeds"]).isdisjoint(speedrun.SEEDS) for one in fresh)


def test_loss_of_a_run_on_one_process() -> None:
    one = STORED["processes.json"]["rows"][0]
    assert (one["processes"], one["threads"]) == (1, 1)
    _, loss = processes.train()
    assert loss == pytest.approx(one["loss"], abs=1e-4)


def test_a_run_of_the_scaling_laws() -> None:
    run = scaling.once("grid", width=8, steps=250, seed=0)
    (stored,) = (
        row
        for row in STORED["scaling.json"]["runs"]
        if all(row[name] == value for name, value in vars(run).items())
    )
    anew = scaling.do(run)
    assert anew.keys() - stored.keys() == {"seconds"}
    assert anew["tokens"] == stored["tokens"]
    assert anew["excess"] == pytest.approx(stored["excess"], rel=0.01)


def test_a_few_of_gpt2_s_merges_give_its_ids() -> None:
    gpt2 = STORED["gpt2_merges.json"]
    merges = [(a, b) for a, b in gpt2["merges"]]
    for text, ids in gpt2["texts"].items():
        words = BPETokenizer.split(text)
        written = ["".join(BYTES[byte] for byte in word.encode()) for word in words]
        tokens = [token for word in written for token in encode_word(word, merges)]
        assert [gpt2["ids"][token] for token in tokens] == ids
    assert gpt2["texts"]["人工智能"] == [21689, 32432, 98, 162, 247, 118, 47797, 121]


def test_shares_of_word_vectors() -> None:
    tables = STORED["word_vectors.json"]["tables"]
    assert word_vectors.row(word_vectors.random_vectors(0)) == tables["random"][0]
    short = word_vectors.row(word_vectors.trained(0, d_model=8))
    assert short == pytest.approx(tables["8 numbers"][0], abs=0.03)


def test_a_run_without_positions() -> None:
    (row,) = (
        row
        for row in STORED["without.json"]["rows"]
        if (row["n_layer"], row["part"]) == (1, "positions")
    )
    anew = without.once("positions", 1, seed=0, rate=without.RATES[0])
    assert anew["loss"] == pytest.approx(row["runs"][0][0]["loss"], rel=0.03)


def test_a_short_run_of_a_translator_with_one_vector() -> None:
    stored = next(r for r in STORED["squeeze.json"]["runs"] if r["steps"] < 1000)
    anew = squeeze.run(stored["kind"], stored["width"], stored["seed"], stored["steps"])
    assert anew["parameters"] == stored["parameters"]
    for clauses, marks in stored["clauses"].items():
        assert anew["clauses"][clauses]["nats"] == pytest.approx(
            marks["nats"], abs=0.01
        )


def test_a_short_run_of_a_model_of_today() -> None:
    stored = STORED["modern.json"]["short"]
    names = ("kind", "name", "seed", "steps")
    anew = modern.once(*(stored[name] for name in names))
    for exact in ("parameters", "active", "flops"):
        assert anew[exact] == stored[exact]
    assert anew["loss"] == pytest.approx(stored["loss"], rel=0.01)
    done = {(r["kind"], r["name"], r["seed"]) for r in STORED["modern.json"]["rows"]}
    assert {*modern.plan()} == done


def test_a_sentence_that_the_real_model_was_to_translate() -> None:
    rows = STORED["real_translation.json"]["rows"]
    assert len(rows) == real_translation.ASKED
    if not (real := find_real()):
        pytest.skip(HOW)
    behind = {4: real_translation.Examples(real, 4)}
    # No word of these answers has a close rival.
    anew = real_translation.row(real, behind, place=7)
    for name, told in rows[7].items():
        assert name in {"16", "64"} or anew[name] == pytest.approx(told, abs=0.05)


def test_a_head_that_fifty_labels_train() -> None:
    stored = STORED["finetuning.json"]["right"]["frozen features"]["50"]
    assert finetuning.head_once("frozen features", 50, 3) == pytest.approx(
        stored[3], abs=0.01
    )


def test_a_few_reviews_that_a_real_model_read() -> None:
    if not find_real():
        pytest.skip(HOW)
    (stored,) = STORED["finetune_real.json"]["logits"].values()
    model = Verbalizer(finetune_real.real().model, finetune_real.answers())
    anew = read_out(model, finetune_real.prompts(finetune_real.EXAM[:4]))
    assert torch.allclose(anew, torch.tensor(stored[:4]), atol=0.02)


def test_what_a_real_model_wrote() -> None:
    if not find_real():
        pytest.skip(HOW)
    stored = STORED["generation_real.json"]
    assert generation_real.drawn_here(0) == stored["drawn by lmlib"]["0"]
    for pair in generation_real.questions()["capitals of large countries"][:2]:
        anew = generation_real.asked(*pair)
        then = stored["asked"]["capitals of large countries"]
        (same,) = (one for one in then if one["question"] == pair[0])
        assert anew == same | {"sure": pytest.approx(same["sure"], abs=0.01)}


def test_the_first_steps_of_a_healthy_run() -> None:
    stored = STORED["clinic.json"]["runs"]["healthy"]["training"]
    anew = clinic.train(clinic.RUNS["healthy"], steps=40)["training"]
    assert anew == pytest.approx(stored[: len(anew)], rel=0.01)


def test_a_short_run_on_a_crawl() -> None:
    stored = STORED["curation.json"]["short"]["everything"]
    anew = curation.once("everything", seed=0, steps=20)
    assert anew["pages"] == stored["pages"]
    assert anew["new"] == pytest.approx(stored["new"], rel=0.02)
    done = STORED["curation.json"].keys() - {"short", "floor", "made_by"}
    assert done == {*curation.NAMES}


def test_a_short_reading_of_tales_and_stories_that_are_checked() -> None:
    stored = STORED["limits.json"]["short"]
    anew = limits.bias("skewed", 0, limits.SHORT)
    assert anew["counted"] == stored["bias"]["counted"]
    assert anew["loss"] == pytest.approx(stored["bias"]["loss"], rel=0.02)
    assert limits.invented("grown", 1.2, 60) == stored["invented"]


def test_a_translator_of_few_pairs() -> None:
    short = STORED["tasks.json"]["short"]["64, 0"]
    anew = tasks.translator(tasks.STARTS[0], 64, seed=0, steps=40)
    assert anew == pytest.approx(short, abs=0.02)
    known = STORED["tasks.json"]["dictionary"]["64, 0"]
    assert tasks.by_dictionary(64, seed=0) == known


def test_the_model_of_all_tasks_does_what_is_stored() -> None:
    """One of its marks, from the weights that ship."""
    model, words = load_tasks_gpt()
    alone = tasks.asked("alone")[:60]
    said = write_answers(model, [task.prompt for task in alone], words, 5)
    assert {*said} <= {task.answer for task in tasks.asked("follow-up")}
    stories = tasks.sequences(tasks.held_out(), tasks.WORDS)
    loss = tasks.mean_loss(as_writer(model, words), stories)
    assert loss == pytest.approx(
        STORED["tasks.json"]["all tasks"]["0"]["story"], abs=0.01
    )


def test_what_a_real_model_made_of_tasks() -> None:
    real = find_real()
    if not real:
        pytest.skip(HOW)
    kept = STORED["tasks_real.json"]
    assert tasks_real.hits(real, 0) == pytest.approx(kept["hits"]["0"], abs=0.02)
    for english, chinese in [*kept["chinese"].items()][:1]:
        assert tasks_real.translated(real, english) == chinese


def test_labels_of_a_head_and_of_a_list() -> None:
    stored = STORED["labelling.json"]
    for method in ("list of words", "GPT"):
        anew = labelling.name_entities(method, 20, seed=0)
        assert anew == pytest.approx(stored[f"entities, {method}"]["20 0"], abs=0.01)
    assert labelling.mood("bag of words", 1, seed=0) == pytest.approx(
        stored["mood, bag of words"]["1 0"], abs=0.01
    )


def test_names_that_a_real_model_was_asked_for() -> None:
    stored = STORED["labelling_real.json"]
    assert labelling_real.capitals() == stored["names"]["capitals"]
    assert [s.text for s in labelling_real.ASKED] == stored["sentences"]["text"]
    if not find_real():
        pytest.skip(HOW)
    question = labelling_real.QUESTION.format(labelling_real.ASKED[0].text)
    answer = labelling_real.real().ask(question, 24)
    assert answer == stored["names"]["asked"]["answers"][0]


def test_the_book_s_gpt_in_three_bits_and_with_half_its_weights() -> None:
    stored = STORED["compression.json"]
    gpt = smaller.load_book_gpt()
    three = smaller.quantised(gpt, 3, *smaller.SHARED["32"])
    half = smaller.cut()["largest"](0.5)
    for key, name, model in (("bits, 32", "3", three), ("largest", "0.5", half)):
        assert smaller.marks(model) == pytest.approx(stored[key][name], abs=0.003)
    keys = {(key, name) for key, name, _ in smaller.parts({})}
    assert keys == {
        (key, name)
        for key, found in stored.items()
        for name in found
        if key != "made_by"
    }


def test_what_a_real_model_of_few_bits_was_before() -> None:
    if not find_real():
        pytest.skip(HOW)
    stored = STORED["compression_real.json"]["found"]
    assert [*stored] == [name for _, name, _ in compression_real.parts({})]
    anew = compression_real.marks()
    assert anew.pop("word") == stored["as it is"]["word"]
    for name, value in anew.items():
        assert value == pytest.approx(stored["as it is"][name], abs=0.003)


def test_chinese_after_english() -> None:
    kept = STORED["transfer.json"]["chinese"]["after English 25 0"]
    anew = transfer.learn("after English", 25, seed=0)
    assert anew["chinese"] == pytest.approx(kept["chinese"], rel=0.03)


def test_examples_that_a_real_model_was_shown() -> None:
    if not find_real():
        pytest.skip(HOW)
    shots = STORED["transfer_real.json"]["shots"]
    assert transfer_real.one_text("dictionary", 0) == shots["dictionary"][0]
    wrong = transfer_real.one_text("capitals", 1, wrong=True)
    assert wrong == shots["capitals, wrong"][1]


def test_questions_before_any_training() -> None:
    kept = STORED["retrieval.json"]["before training"]["0"]
    anew = retrieval.examined("before training", 0)
    assert anew["right"]["right"] == kept["right"]["right"]
    assert anew["wrong"]["loss"] == pytest.approx(kept["wrong"]["loss"], rel=0.01)


def test_programs_that_passed() -> None:
    exam, kept = (
        retrieval_tools.code_exam(),
        STORED["retrieval_tools.json"]["code"]["0"],
    )
    for operations, asked in exam.items():
        row = kept[operations]
        likeliest = [max(retrieval_tools.writings(tree).values()) for tree in asked]
        assert row["best match"] == pytest.approx(sum(likeliest) / len(asked), abs=1e-4)
        trees = {retrieval_tools.describe(tree): tree for tree in asked}
        for text, written in row["wrong"]:
            cases = retrieval_tools.cases_of(trees[text])
            assert not retrieval_tools.passes(written, cases)
        rates = [retrieval_tools.pass_at_k(20, c, 10) for c in row["right of 20"]]
        assert row["pass@10"] == pytest.approx(sum(rates) / len(rates), abs=1e-4)


def test_answers_of_a_real_model_that_has_no_paragraph() -> None:
    if not find_real():
        pytest.skip(HOW)
    kept = STORED["retrieval_real.json"]["answers"]["none"]
    assert retrieval_real.answers("none", count=2) == kept[:2]


def test_what_a_head_carries_and_where_a_real_model_finds_a_capital() -> None:
    kept = STORED["interpretability.json"]
    with torch.no_grad():
        town = interpretability.heads("town")
        shares = [[x for x, _ in of["share"]] for of in (town, kept["heads"]["town"])]
        assert shares[0] == pytest.approx(shares[1], abs=0.01)
        if find_real():
            anew = interpretability.curves("France", layers=(23, 24))
            spots = [interpretability.LAYERS.index(n) for n in (23, 24)]
            for kind, row in anew.items():
                stored = [kept["real"]["France"][kind][i] for i in spots]
                assert row == pytest.approx(stored, abs=0.02)


def test_a_reward_model_of_few_pairs() -> None:
    kept = STORED["preferences.json"]["reward model"]["judge 100 0"]
    anew = preferences.verdicts("judge", 100, seed=0)
    assert anew == pytest.approx(kept, abs=0.02)


def test_short_answers_of_a_real_model() -> None:
    real = find_real()
    if not real:
        pytest.skip(HOW)
    question = preferences_real.QUESTIONS[0]
    kept = STORED["preferences_real.json"]["asked"][question]
    anew = preferences_real.answers(real, question, "asked", drawn=16)
    # What is drawn may differ between processors, how it is drawn may not.
    for found in (anew["words"], kept["words"][:16]):
        assert sum(0 < n <= 15 for n in found) >= 4, found
    assert sum(anew["nats"]) == pytest.approx(sum(kept["nats"][:16]), rel=0.5)


def test_steps_of_a_lamp() -> None:
    kept = STORED["parity.json"]["forms"]["steps 2"]
    _, anew = parity.train("steps", seed=2)
    assert anew["new"][-1] == pytest.approx(kept["new"][-1], abs=0.03)


def test_stories_before_any_reward() -> None:
    kept = STORED["rewards.json"]["start"]["0"]
    anew = rewards.marks(rewards.reference(), 500)
    for name in ("reward", "whole", "sky"):
        assert anew[name] == pytest.approx(kept[name], abs=0.1)
    assert anew["nats"] == kept["nats"] == 0


def test_sums_of_a_real_model() -> None:
    real = find_real()
    if not real:
        pytest.skip(HOW)
    kept = STORED["rewards_real.json"]
    assert rewards_real.likeliest(real, 1, "at once") == kept["likeliest"]["1"]
    assert all(len(kept[way]) == rewards_real.SUMS for way in rewards_real.WAYS)


def test_an_assistant_of_few_conversations() -> None:
    kept = STORED["instructions.json"]["30"]["0"]
    anew = instructions.short("30", 0)
    assert anew["right"]["colour"] == pytest.approx(kept["right"]["colour"], abs=0.06)
    assert anew["words"] == pytest.approx(kept["words"], abs=0.2)


def test_what_leaving_out_a_token_does_to_the_assistant() -> None:
    kept = STORED["instructions.json"]["dropped"]["<assistant>"]
    anew = instructions.without("<assistant>")
    assert anew["right"] == pytest.approx(kept["right"], abs=0.02)


def test_answers_of_a_real_assistant() -> None:
    if not find_real():
        pytest.skip(HOW)
    kept = STORED["instructions_real.json"]
    assert instructions_real.without("nothing") == kept["without"]["nothing"]
    messages, _ = instructions_real.exam("facts")[0]
    answer = instructions_real.answer(messages)
    assert answer == kept["before"]["facts"]["answers"][0][2]

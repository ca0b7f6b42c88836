"""Other people's troubles: whose a file is, zip files with something wrong in them, and cells of notebooks."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import time
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from test_classroom import (
    REHEAT,
    SOFTMAX,
    answer,
    graded,
    handed_in,
    in_process,
    put,
    softmax_class,
    task,
)

from lmlib.classroom.collect import Collected, collect
from lmlib.classroom.course import Course
from lmlib.classroom.names import owner_of
from lmlib.classroom.statements import same

MINE = handed_in(REHEAT.solution)
__all__ = ["in_process"]  # a fixture


@pytest.fixture
def course(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Course:
    """A class to which nobody has handed in."""
    course = Course(tmp_path / "course")
    course.path.mkdir()
    released = softmax_class(tmp_path_factory).path / "release"
    (course.path / "release").symlink_to(released)
    return course


# Whose a file is


@pytest.mark.parametrize(
    "path, student",
    [
        ("Group1_softmax_12.ipynb", "Group1_12"),
        ("Group11_softmax_2.ipynb", "Group11_2"),
        ("ada_softmax_12.ipynb", "ada_12"),
        ("softmax_ada_softmax.ipynb", "ada"),
        ("Ada Lovelace - softmax.ipynb", "Ada-Lovelace"),
        ("Copy of softmax_ada.ipynb", "ada"),
        ("Copy of Copy of softmax_ada (3).ipynb", "ada"),
        ("Copy_of_softmax_ada.ipynb", "ada"),
        ("Kopie von softmax_ada.ipynb", "ada"),
        ("Copie de softmax_ada.ipynb", "ada"),
        ("Copia de softmax_ada.ipynb", "ada"),
        ("Copia di softmax_ada.ipynb", "ada"),
        ("Cópia de softmax_ada.ipynb", "ada"),
        ("Копия softmax_ada.ipynb", "ada"),
        ("softmax_ada のコピー.ipynb", "ada"),
        ("softmax_ada - Copy (2).ipynb", "ada"),
        ("softmax_ada - Kopie.ipynb", "ada"),
        ("softmax_ada copy 2.ipynb", "ada"),
        ("softmax_ada (another copy).ipynb", "ada"),
        ("softmax_ada (3rd copy).ipynb", "ada"),
        ("softmax_ada-Copy1.ipynb", "ada"),
        ("softmax_ada.ipynb.txt", "ada"),
        ("softmax_ada.ipynb (1).json", "ada"),
        ("softmax_ada.IPYNB", "ada"),
        ("Copy of softmax.ipynb", "Copy-of-softmax"),
        ("softmax-Copy1.ipynb", "softmax-Copy1"),
        ("copyright.ipynb", "copyright"),
        ("m.curie", "m.curie"),
        ("softmax_ada_2026_10_01.ipynb", "ada_2026_10_01"),
        ("smith_jrann_4711_90210_softmax.ipynb", "smith_jrann_4711"),
        ("smith_jrann_LATE_4711_90210_softmax.ipynb", "smith_jrann_4711"),
        ("smith_1_4712_90211_softmax.ipynb", "smith_1_4712"),
        ("smith_1_LATE_4712_90211_softmax.ipynb", "smith_1_4712"),
        ("smith_4711_90210_12_softmax.ipynb", "smith_4711"),
        ("smith_4711_90210_2026_10_01_softmax.ipynb", "smith_4711"),
        ("smith_4711_90210_01.ipynb", "smith_4711"),
        ("smith_4711_90210_x_LATE_1_2_y.ipynb", "smith_4711"),
        ("smith_jrann_17_text.html", "smith_jrann_17"),
        ("smith_1_LATE_17_link.html", "smith_1_17"),
        ("anon_Qx7Rt_90210_12_softmax.ipynb", "anon_Qx7Rt"),
        ("Softmax_ada_attempt_2026-10-01-09-30-59_my softmax.ipynb", "ada"),
        ("HW 1_a_b_attempt_2026-10-01-09-30-59.txt", "HW-1_a_b"),
        ("softmax/ada.ipynb", "ada"),
        ("ada/Softmax/x.ipynb", "ada"),
        ("ada.ipynb/softmax.ipynb", "ada"),
        ("ada/bob/softmax.ipynb", "ada"),
        ("ada/bob/carl/softmax_dan.ipynb", "ada"),
        ("softmax/ada/bob/softmax.ipynb", "ada"),
        ("ada_11/bob_12_assignsubmission_file_softmax.ipynb", "ada_11"),
        ("ada_11/bob_12_assignsubmission_file_/softmax.ipynb", "ada_11"),
        ("Ada_11_assignsubmission_file_/Bob_12_assignsubmission_file_/x", "Ada_11"),
        ("Ada_11_assignsubmission_file_bob_12_13_x.ipynb", "Ada_11"),
        ("Ada_11_assignsubmission_file_bob_12_text.html", "Ada_11"),
        ("ada_11_900_bob_12_assignsubmission_file_softmax.ipynb", "ada_11"),
        ("ada_11_900_bob_12_text.html", "ada_11"),
        ("ada_LATE_11_900_bob_12_901_softmax.ipynb", "ada_11"),
        ("ada_11_900_bob_attempt_2026-10-01-09-30-59_x.ipynb", "ada_11"),
        ("anon_Qx7Rt_900_bob_12_assignsubmission_file_x.ipynb", "anon_Qx7Rt"),
        ("HW 1_ada_attempt_2026-10-01-09-30-59_bob_12_901_x.ipynb", "HW-1_ada"),
        (
            "HW 1_ada_attempt_2026-10-01-09-30-59_b_1_assignsubmission_x.ipynb",
            "HW-1_ada",
        ),
        (
            "HW 1_ada_attempt_2026-10-01-09-30-59_b_attempt_2026-10-01-09-30-59.txt",
            "HW-1_ada",
        ),
        ("ada.ipynb/bob_12_901_softmax.ipynb", "ada"),
        ("ada\\bob.ipynb", "ada-bob"),
    ],
)
def test_a_name_is_read_as_people_and_programs_write_it(
    path: str, student: str
) -> None:
    assert owner_of(Path(path), "softmax").student == student


@pytest.mark.parametrize(
    "path, topic, student",
    [
        ("scale_pascale.ipynb", "scale", "pascale"),
        ("pascale.ipynb", "scale", "pascale"),
        ("Escalera (1).ipynb", "scale", "Escalera"),
        ("language-models_ada.ipynb", "language_models", "ada"),
        ("ada language models.ipynb", "language_models", "ada"),
        ("tokens_Atokens.ipynb", "tokens", "Atokens"),
    ],
)
def test_a_topic_within_a_name_stays(path: str, topic: str, student: str) -> None:
    assert owner_of(Path(path), topic).student == student


def found_in(course: Course, folder: Path, *names: str) -> list[Collected]:
    put(folder, dict.fromkeys(names, MINE))
    return list(collect(course, "softmax", folder))


@pytest.mark.parametrize(
    "names",
    [
        ("Group1_softmax_12.ipynb", "Group11_softmax_2.ipynb"),
        ("ada_softmax_12.ipynb", "ada_softmax_1.ipynb"),
        ("ada1.ipynb", "ada2.ipynb"),
        ("m.curie", "m.planck"),
        ("softmax.ipynb", "softmax (1).ipynb"),
        ("smith_jrann_4711_9_softmax.ipynb", "smith_1_4712_9_softmax.ipynb"),
        ("smith_1_4712_90211_softmax.ipynb", "smith_1_5555_90300_softmax.ipynb"),
        ("smith_1_90000_softmax.ipynb", "smith_1_4712_90211_softmax.ipynb"),
        (f"{'x' * 240}1.ipynb", f"{'x' * 240}2.ipynb"),
        (f"{'王' * 80}1.ipynb", f"{'王' * 80}2.ipynb"),
    ],
)
def test_two_students_stay_two(
    course: Course, tmp_path: Path, names: tuple[str, str]
) -> None:
    found = found_in(course, tmp_path / "in", *names)
    assert [(one.answers, one.trouble) for one in found] == [(1, None)] * 2
    assert course.students("softmax") == sorted(one.student for one in found)


@pytest.mark.parametrize(
    "names",
    [
        ("softmax_ada.ipynb", "softmax_ada (1).ipynb"),
        ("softmax_ada.ipynb", "Copy of softmax_ada.ipynb"),
        ("softmax_ada.ipynb", "Kopie von softmax_ada.ipynb"),
        ("softmax_ada.ipynb", "softmax_ada.ipynb.txt"),
        ("softmax_ada.ipynb", "softmax_ada-Copy2.pdf"),
        ("smith_1_4712_90211_softmax.ipynb", "smith_1_LATE_4712_90212_x.ipynb"),
        ("smith_4711_90210_softmax.ipynb", "smith_4711_90215_12_softmax.ipynb"),
        ("a_attempt_2026-10-01-09-30-59.txt", "a_attempt_2026-10-01-09-30-59_x.ipynb"),
        ("j\u00fcrgen.ipynb", "ju\u0308rgen.pdf"),
        ("J\u00fcrgen/a.ipynb", "Ju\u0308rgen/b.ipynb"),
    ],
)
def test_one_student_stays_one(
    course: Course, tmp_path: Path, names: tuple[str, str]
) -> None:
    (one,) = found_in(course, tmp_path / "in", *names)
    assert (one.answers, one.files, one.trouble) == (1, 2, None)


@pytest.mark.parametrize(
    "names",
    [
        ("softmax_bob.ipynb", "softmax-bob (1).ipynb"),
        ("Group1_12_softmax.ipynb", "Group1_softmax_12.ipynb"),
        ("Ada.ipynb", "ada.ipynb"),
        ("Ada/a.ipynb", "ada/a.ipynb", "bo/a.ipynb"),
        ("ada.ipynb", "softmax_ada.ipynb"),
        ("ada.ipynb", "ada/softmax.ipynb"),
        ("ada lovelace.ipynb", "ada-lovelace.ipynb", "ada+lovelace.ipynb"),
        ("ada.ipynb", "softmax/ada.ipynb"),
    ],
)
def test_what_may_be_two_students_is_refused_by_the_names_of_all_files(
    course: Course, tmp_path: Path, names: tuple[str, ...]
) -> None:
    found = found_in(course, tmp_path / "in", *names)
    (refused,) = [one for one in found if one.trouble]
    assert refused.answers == 0 and refused.trouble is not None
    assert refused.student not in course.students("softmax")
    for name in names:
        if not name.startswith("bo/"):
            assert repr(name) in refused.trouble or repr(name.split("/")[0]) in (
                refused.trouble
            )


def test_a_name_in_other_letters_is_nobody_elses_later(
    course: Course, tmp_path: Path
) -> None:
    found_in(course, tmp_path / "1", "Ada.ipynb", "bo.ipynb")
    ada, bo = found_in(course, tmp_path / "2", "ada.ipynb", "bo.ipynb")
    assert ada.answers == 0 and ada.trouble is not None and bo.trouble is None
    assert "for 'Ada', who was collected before, and for 'ada.ipynb'" in ada.trouble
    assert course.students("softmax") == ["Ada", "bo"]


def test_one_folder_around_all_is_told_however_its_name_is_written(
    course: Course, tmp_path: Path
) -> None:
    folder = unicodedata.normalize("NFD", "Übung")
    with pytest.raises(ValueError, match="all 3 files would be those of one student"):
        found_in(course, tmp_path / "in", *(f"{folder}/softmax_{n}" for n in "abc"))


def test_a_folder_of_several_students_is_no_student(
    course: Course, tmp_path: Path
) -> None:
    late = (
        "late/smith_LATE_4711_90210_x.ipynb",
        "late/jones_1_LATE_4712_90211_x.ipynb",
    )
    found = found_in(course, tmp_path / "in", "lada_4713_90212_x.ipynb", *late)
    lada, refused = sorted(found, key=lambda one: one.student)
    assert (lada.student, lada.answers) == ("lada_4713", 1)
    assert (refused.student, refused.answers) == ("late", 0)
    assert "files of jones_1_4712 and of smith_4711" in str(refused.trouble)
    own = found_in(course, tmp_path / "own", "eve/a_1_2_x.ipynb", "eve/a_1_3_x.ipynb")
    assert [(one.student, one.answers) for one in own] == [("eve", 1)]


# One student's names and another's work

OTHER = handed_in(REHEAT.solution, SOFTMAX["loss-in-bits"].solution)


def at(folder: Path, date: float, files: dict[str, bytes]) -> Path:
    """Files that all were written at one time."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (date, date))
    return folder


def answers_of(course: Course, student: str) -> int:
    """How many answers are collected of a student."""
    path = course.notebook("submitted", "softmax", student)
    cells = nbformat.read(path, as_version=4).cells
    names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in cells]
    sources = dict(zip(names, (cell.source for cell in cells), strict=True))
    return sum(not same(sources[n], e.stub) for n, e in SOFTMAX.items())


def again(course: Course, downloads: Path, *more: Any, **options: Any) -> Collected:
    (one,) = collect(course, "softmax", downloads, *more, **options)
    return one


NEVER_BOBS = [
    ("bob/softmax.ipynb", "ada/bob/softmax.ipynb"),
    ("bob/softmax.ipynb", "ada/bob/softmax_bob.ipynb"),
    ("bob_12/softmax.ipynb", "ada_11/bob_12_assignsubmission_file_softmax.ipynb"),
    (
        "bob_12_assignsubmission_file_/softmax.ipynb",
        "ada_11/bob_12_assignsubmission_file_/softmax.ipynb",
    ),
    ("bob_12_900_softmax.ipynb", "ada_11/bob_12_900_softmax.ipynb"),
    (
        "bob_12_900_softmax.ipynb",
        "ada_11_901_bob_12_assignsubmission_file_softmax.ipynb",
    ),
    ("bob_12_text.html", "ada_11_901_bob_12_text.html"),
    ("softmax_bob.ipynb", "ada/softmax_bob.ipynb"),
    (
        "HW_bob_attempt_2026-10-01-09-30-59.ipynb",
        "ada/HW_bob_attempt_2026-10-01-09-30-59.ipynb",
    ),
]


@pytest.mark.parametrize("bobs, adas", NEVER_BOBS)
@pytest.mark.parametrize("others", [(), ("cy/softmax.ipynb",)])
def test_no_name_inside_of_a_students_folder_replaces_anothers_work(
    course: Course, tmp_path: Path, bobs: str, adas: str, others: tuple[str, ...]
) -> None:
    (bob,) = collect(course, "softmax", at(tmp_path / "1", 1.7e9, {bobs: OTHER}))
    late = at(tmp_path / "2", 1.8e9, {adas: MINE} | dict.fromkeys(others, MINE))
    for folder in (late, zip_of(late)):
        found = {one.student: one for one in collect(course, "softmax", folder)}
        ada = next(one for name, one in found.items() if name.startswith("ada"))
        assert (ada.answers, bob.student in found) == (1, False)
        assert answers_of(course, bob.student) == 2 and len(found) == 1 + len(others)


def zip_of(folder: Path) -> Path:
    """The zip file of a folder, without the folder itself."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


@pytest.mark.parametrize(
    "first, later",
    [
        ("softmax_bob.ipynb", "softmax-bob (1).ipynb"),
        ("softmax_bob.ipynb", "bob.ipynb"),
        ("bob/softmax.ipynb", "bob.ipynb"),
        ("bob.ipynb", "bob/softmax.ipynb"),
        ("ada lovelace.ipynb", "ada+lovelace.ipynb"),
    ],
)
def test_a_name_that_may_be_anothers_replaces_nothing_later(
    course: Course, tmp_path: Path, first: str, later: str
) -> None:
    student = again(course, at(tmp_path / "1", 1.7e9, {first: OTHER})).student
    one = again(course, at(tmp_path / "2", 1.8e9, {later: MINE}))
    assert one.answers == 0 and answers_of(course, student) == 2
    assert f"{first!r}, which was collected before, and for " in str(one.trouble)
    told = again(course, tmp_path / "2", student=student)  # the way out
    assert (told.answers, told.trouble, answers_of(course, student)) == (1, None, 1)


@pytest.mark.parametrize(
    "first, later",
    [
        ("softmax_bob.ipynb", "softmax_bob (1).ipynb"),
        ("softmax_bob.ipynb", "Copy of softmax_bob.ipynb"),
        ("softmax_bob.ipynb", "Softmax_bob.ipynb"),
        ("bob/softmax.ipynb", "bob/other/name.ipynb"),
        ("bob/softmax.ipynb", "softmax/bob/softmax.ipynb"),
        ("bob_12_900_softmax.ipynb", "bob_LATE_12_950_softmax-1.ipynb"),
        (
            "Bob_12_assignsubmission_file_softmax.ipynb",
            "Bob_12_assignsubmission_file_/softmax.ipynb",
        ),
    ],
)
def test_late_work_of_the_same_student_replaces_the_earlier(
    course: Course, tmp_path: Path, first: str, later: str
) -> None:
    student = again(course, at(tmp_path / "1", 1.7e9, {first: OTHER})).student
    one = again(course, at(tmp_path / "2", 1.8e9, {later: MINE}))
    assert (one.student, one.answers, one.trouble) == (student, 1, None)
    assert one.kept is None and one.remark is None
    assert answers_of(course, student) == 1


def test_one_notebook_and_one_name_are_enough(course: Course, tmp_path: Path) -> None:
    at(tmp_path, 1.7e9, {"mail/untitled.ipynb": MINE, "mail/softmax_ada.ipynb": OTHER})
    one = again(course, tmp_path / "mail" / "untitled.ipynb", student="bob")
    assert (one.student, one.answers) == ("bob", 1)
    ada = again(course, tmp_path / "mail" / "softmax_ada.ipynb")
    assert (ada.student, ada.answers) == ("ada", 2)
    with pytest.raises(ValueError, match="is no name as in the table; write 'Ada-L'"):
        again(course, tmp_path / "mail", student="Ada L")


# Older files


def test_an_older_file_replaces_no_newer_one(course: Course, tmp_path: Path) -> None:
    older = at(tmp_path / "1", 1.7e9, {"ada/softmax.ipynb": MINE})
    newer = at(tmp_path / "2", 1.7e9 + 60, {"ada/softmax.ipynb": OTHER})
    assert again(course, newer).kept is None
    for _ in range(2):
        one = again(course, older)
        assert one.trouble is None and answers_of(course, "ada") == 2
        assert "is newer than this file of 2023-11-1" in str(one.kept)
        assert "To take it, give --even-if-older." in str(one.kept)
    back = again(course, older, even_if_older=True)
    assert back.kept is None and answers_of(course, "ada") == 1
    # Going back was meant: the newer file, collected again, does not undo it.
    assert "collected before" in str(again(course, newer).kept)
    newest = at(tmp_path / "3", 1.7e9 + 120, {"ada/softmax.ipynb": THIRD})
    assert again(course, newest).kept is None and answers_of(course, "ada") == 3


THIRD = handed_in(
    *(SOFTMAX[n].solution for n in ("reheat", "loss-in-bits", "perplexity"))
)


def test_a_file_that_was_replaced_is_known_without_its_date(
    course: Course, tmp_path: Path
) -> None:
    files = [{"ada/softmax.ipynb": data} for data in (MINE, OTHER)]
    for n, content in enumerate(files):
        again(course, at(tmp_path / str(n), 1.7e9 + n * 60, content))
    unpacked = at(tmp_path / "later", 1.8e9, files[0])
    assert "these answers were collected before" in str(again(course, unpacked).kept)
    assert answers_of(course, "ada") == 2
    assert again(course, at(tmp_path / "same", 1.6e9, files[1])).kept is None


@pytest.mark.parametrize("dates", [(1.7e9, 1.7e9), (1.7e9, 1.7e9 + 1.5), (0, 1.7e9)])
def test_where_no_date_tells_the_last_one_counts_and_that_is_said(
    course: Course, tmp_path: Path, dates: tuple[float, float]
) -> None:
    for date, data in zip(dates, (MINE, OTHER), strict=True):
        path = at(tmp_path / str(len(data)), date, {"ada/softmax.ipynb": data})
        one = again(course, path)
    assert one.kept is None and answers_of(course, "ada") == 2
    assert "their dates do not say which is newer" in str(one.remark)


def test_dates_of_a_zip_file_and_of_a_disk_may_be_of_two_time_zones(
    course: Course, tmp_path: Path
) -> None:
    first = at(tmp_path / "1", 1.7e9, {"ada/softmax.ipynb": MINE})
    again(course, zip_of(first))
    near = at(tmp_path / "2", 1.7e9 - 9 * 3600, {"ada/softmax.ipynb": OTHER})
    assert "their dates do not say" in str(again(course, near).remark)
    far = at(tmp_path / "3", 1.7e9 - 72 * 3600, {"ada/softmax.ipynb": THIRD})
    assert "is newer than this file" in str(again(course, far).kept)
    no_date = tmp_path / "no date.zip"
    with zipfile.ZipFile(no_date, "w") as archive:
        archive.writestr(zipfile.ZipInfo("ada/softmax.ipynb"), THIRD)  # 1980
    assert "their dates do not say" in str(again(course, no_date).remark)


def test_a_file_with_answers_is_older_than_none_without(
    course: Course, tmp_path: Path
) -> None:
    again(course, at(tmp_path / "1", 1.8e9, {"ada/softmax.ipynb": b"?"}))
    one = again(course, at(tmp_path / "2", 1.7e9, {"ada/softmax.ipynb": MINE}))
    assert one.kept is None and one.remark is None and answers_of(course, "ada") == 1


def test_what_was_removed_by_hand_is_not_remembered(
    course: Course, tmp_path: Path
) -> None:
    again(course, at(tmp_path / "1", 1.8e9, {"ada/softmax.ipynb": OTHER}))
    shutil.rmtree(course.path / "submitted" / "ada")
    one = again(course, at(tmp_path / "2", 1.7e9, {"ada.ipynb": MINE}))
    assert one.kept is None and one.trouble is None and answers_of(course, "ada") == 1


@pytest.mark.parametrize("record", ["", "{", "[]", '{"file": 1}'])
def test_a_damaged_record_stops_nobody(
    course: Course, tmp_path: Path, record: str
) -> None:
    again(course, at(tmp_path / "1", 1.8e9, {"ada/softmax.ipynb": OTHER}))
    (course.path / "collected" / "ada" / "softmax.json").write_text(record)
    one = again(course, at(tmp_path / "2", 1.7e9, {"ada/softmax.ipynb": MINE}))
    assert (one.answers, one.trouble) == (1, None)


# A folder one level too high


def test_a_folder_of_two_assignments_is_known(course: Course, tmp_path: Path) -> None:
    files = {f"{t}/{s}/x.ipynb": MINE for t in ("softmax", "attention") for s in "abc"}
    folder = at(tmp_path / "in", 1.7e9, files)
    for downloads in (folder, zip_of(folder)):
        found = {one.student: one for one in collect(course, "softmax", downloads)}
        left_out = found.pop("attention")
        assert (left_out.answers, left_out.files, left_out.trouble) == (0, 3, None)
        assert "another assignment's folder" in str(left_out.remark)
        assert {n: one.answers for n, one in found.items()} == dict.fromkeys("abc", 1)
        assert course.students("softmax") == [*"abc"]
    shutil.rmtree(folder / "softmax")
    with pytest.raises(
        ValueError, match="holds nothing of 'softmax', only attention; name"
    ):
        again(course, folder)


@pytest.mark.parametrize("name", ["x_1_assignsubmission_file_/a", "x_1_2_a"])
def test_folders_that_hold_what_programs_named_are_no_students(
    course: Course, tmp_path: Path, name: str
) -> None:
    files = {f"week {n}/{name.replace('x', s)}.ipynb": MINE for n in "12" for s in "ab"}
    folder = at(tmp_path / "in", 1.7e9, files)
    for downloads in (folder, zip_of(folder)):
        with pytest.raises(ValueError, match="so it is no student's; name one of") as e:
            again(course, downloads)
        assert str(downloads / "week 1") in str(e.value)
        found = list(collect(course, "softmax", downloads / "week 1"))
        assert [one.student for one in found] == ["a_1", "b_1"]


def test_a_folder_with_the_topic_in_its_name_is_a_class(
    course: Course, tmp_path: Path
) -> None:
    files = {
        "softmax/a_1_2_x.ipynb": MINE,
        "softmax/b_2_3_x.ipynb": MINE,
        "softmax-late/c_3_4_x.ipynb": MINE,
    }
    found = collect(course, "softmax", at(tmp_path / "in", 1.7e9, files))
    assert [(one.student, one.answers) for one in found] == [
        ("a_1", 1),
        ("b_2", 1),
        ("softmax-late", 0),
    ]


def test_a_folder_beside_canvas_files_is_a_class(
    course: Course, tmp_path: Path
) -> None:
    names = ("a_1_2_x.ipynb", "b_2_3_x.ipynb", "late/c_LATE_3_4_x.ipynb")
    found = collect(
        course, "softmax", at(tmp_path / "in", 1.7e9, dict.fromkeys(names, MINE))
    )
    assert [(o.student, o.answers) for o in found] == [
        ("a_1", 1),
        ("b_2", 1),
        ("late", 0),
    ]


def test_a_folder_that_may_be_a_class_is_told_and_blocks_nobody(
    course: Course, tmp_path: Path
) -> None:
    files = {f"week {n}/{s}/x.ipynb": MINE for n in "12" for s in ("ann", "bo")}
    found = list(collect(course, "softmax", at(tmp_path / "1", 1.7e9, files)))
    assert [(one.student, one.answers) for one in found] == [
        ("week-1", 1),
        ("week-2", 1),
    ]
    said = "It holds ann, bo: if week 1/ is no student's, name that folder"
    assert said in str(found[0].remark)
    late = dict.fromkeys(("late/softmax_bo.ipynb", "late/softmax_cy.ipynb"), MINE)
    flat = at(tmp_path / "3", 1.7e9, late | {"softmax_ann.ipynb": MINE})
    *_, one = collect(course, "softmax", flat)
    assert "It holds bo, cy: if late/ is no student's" in str(one.remark)
    mine = dict.fromkeys(("kim/softmax.ipynb", "kim/softmax_kim.ipynb"), MINE)
    assert again(course, at(tmp_path / "4", 1.7e9, mine)).remark is None
    own = {f"eve/{t}/x.ipynb": MINE for t in ("softmax", "attention", "home")}
    eve = again(course, at(tmp_path / "2", 1.7e9, own), student="eve")
    assert eve.remark is None


def test_a_student_who_is_known_may_hand_in_many_files(
    course: Course, tmp_path: Path
) -> None:
    files = {f"ada/{n}.ipynb": MINE for n in "abc"}
    with pytest.raises(
        ValueError, match=r"name that folder: .*in/ada; or, if .* --student ada"
    ):
        again(course, at(tmp_path / "in", 1.7e9, files))
    assert again(course, tmp_path / "in", student="ada").files == 3
    assert again(course, tmp_path / "in").answers == 1


@pytest.mark.parametrize("ending", ["csv", "xlsx", "pdf", "txt", "html"])
@pytest.mark.parametrize("name", ["{}/x", "{}_1_2_x", "{}_1_assignsubmission_file_/x"])
def test_a_list_beside_the_folders_is_no_student(
    course: Course, tmp_path: Path, name: str, ending: str
) -> None:
    files = {f"{name.format(s)}.ipynb": MINE for s in ("ann", "bo", "cy")}
    folder = at(tmp_path / "in", 1.7e9, files | {f"names.{ending}": b"ann, bo"})
    found = {one.student: one for one in collect(course, "softmax", folder)}
    assert found.pop("names").trouble is None and len(found) == 3
    assert "names" not in course.students("softmax")


def test_a_zip_file_of_a_class_beside_others_is_no_student(
    course: Course, tmp_path: Path
) -> None:
    for name in ("softmax.zip", "softmax-late.zip", "all.zip", "attention.zip"):
        at(tmp_path / "in", 1.7e9, {name: b"PK"})
    with pytest.raises(
        ValueError, match=r"only all.zip, attention.zip, .*name the folder"
    ):
        again(course, tmp_path / "in")
    at(tmp_path / "in", 1.7e9, {"ann.ipynb": MINE, "eve/mine.zip": b"PK\3\4"})
    found = {one.student: one for one in collect(course, "softmax", tmp_path / "in")}
    zips = {
        name for name, one in found.items() if "It is a zip file" in str(one.trouble)
    }
    assert zips == {"softmax", "late", "all", "attention"}
    assert course.students("softmax") == ["ann", "eve"]


def test_where_people_named_files_any_file_may_be_a_students(
    course: Course, tmp_path: Path
) -> None:
    files = {"ann.ipynb": MINE, "bo.ipynb": MINE, "cy.pdf": b"%PDF"}
    found = list(collect(course, "softmax", at(tmp_path / "in", 1.7e9, files)))
    assert [one.student for one in found if one.trouble] == ["cy"]
    one = again(course, tmp_path / "in" / "ann.ipynb", student="cy")
    assert one.answers == 1


# What is there, and cannot be read


def test_links_and_hidden_files_have_a_line(course: Course, tmp_path: Path) -> None:
    at(
        tmp_path,
        1.7e9,
        {
            "all/ada/.ipynb_checkpoints/softmax-checkpoint.ipynb": MINE,
            "all/.ipynb_checkpoints/softmax_eve-checkpoint.ipynb": MINE,
            "all/.softmax_bo.ipynb": MINE,
            "all/cy/.softmax.ipynb": MINE,
            "all/cy/softmax.ipynb": OTHER,
            "all/cy/._softmax.ipynb": b"?",
            "all/.DS_Store": b"?",
            "all/__MACOSX/dan/._softmax.ipynb": b"?",
            "elsewhere/softmax.ipynb": MINE,
        },
    )
    (tmp_path / "all" / "kim").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "all" / "lea.ipynb").symlink_to(tmp_path / "nowhere")
    (tmp_path / "all" / "cy" / "linked.ipynb").symlink_to("/etc/passwd")
    found = collect(course, "softmax", tmp_path / "all")
    assert {one.student: (one.answers, one.files, one.trouble) for one in found} == {
        "ada": (1, 1, None),
        "bo": (1, 1, None),
        "cy": (2, 2, "'cy/linked.ipynb' is only a link to another file."),
        "kim": (0, 1, "'kim' is only a link to another file."),
        "lea": (0, 1, "'lea.ipynb' is only a link to another file."),
    }


def test_a_link_in_a_zip_file_has_a_line(course: Course, tmp_path: Path) -> None:
    def link(archive: zipfile.ZipFile) -> None:
        member = zipfile.ZipInfo("eve.ipynb", (2026, 1, 1, 0, 0, 0))
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")

    (eve,) = class_with(course, tmp_path, link).values()
    assert eve.trouble == "'eve.ipynb' is only a link to another file."


def test_a_zip_file_inside_is_told(course: Course, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("softmax.ipynb", MINE)
    member = add("eve/my.zip", inner.getvalue())
    (eve,) = class_with(course, tmp_path, member).values()
    assert (
        eve.trouble == "'eve/my.zip' is a zip file: unpack it, and collect its folder."
    )


@pytest.mark.parametrize(
    "cell", [{"source": None}, {}, {"source": []}, {"source": None, "outputs": None}]
)
def test_a_cell_without_a_source_is_empty_and_damages_nothing(
    course: Course, tmp_path: Path, cell: dict[str, Any]
) -> None:
    data = json.loads(MINE)
    data["cells"] += [
        {"cell_type": kind, **cell} for kind in ("code", "markdown", "raw")
    ]
    file = {"ada.ipynb": json.dumps(data).encode()}
    one = again(course, at(tmp_path / "in", 1.7e9, file))
    assert (one.answers, one.trouble, one.remark) == (1, None, None)


def test_a_bomb_costs_neither_memory_nor_minutes(
    course: Course, tmp_path: Path
) -> None:
    def bomb(archive: zipfile.ZipFile) -> None:
        for n in range(30):
            with archive.open(f"eve/{n}.ipynb", "w", force_zip64=True) as file:
                for _ in range(3):
                    file.write(bytes(10 << 20))

    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        bomb(archive)
        archive.writestr("bo.ipynb", MINE)
    tracemalloc.start()
    found = {one.student: one for one in collect(course, "softmax", path)}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 << 20 and found["bo"].answers == 1
    assert "'eve/0.ipynb' would be 30 MB, more than 100 times its size" in str(
        found["eve"].trouble
    )


@pytest.mark.parametrize("part", [b'{"a":1},', b"{},", b'[1,2],{"b":[]},'])
def test_a_file_of_a_million_parts_costs_no_memory(
    course: Course, tmp_path: Path, part: bytes
) -> None:
    data = b'{"cells": [' + part * 1_500_000 + b"1]}"
    tracemalloc.start()
    (eve,) = class_with(course, tmp_path, add("eve.ipynb", data)).values()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    said = "'eve.ipynb' has far more parts than a notebook: it was not read."
    assert eve.trouble == said and peak < 5 * len(data)


def test_a_student_with_many_large_files_stops_nobody(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lmlib.classroom.newest.STUDENT_LIMIT", 3 << 20)
    large = json.dumps({"cells": [], "x": "x" * (1 << 20)}).encode()
    members = [add(f"eve/{n}.ipynb", large) for n in range(9)]
    (eve,) = class_with(course, tmp_path, *members).values()
    assert eve.trouble == "More than 3 MB: older files were not read."


# A zip file with something wrong in it


def add(name: str, data: bytes = MINE, year: int = 2026) -> Callable[[Any], None]:
    def run(archive: zipfile.ZipFile) -> None:
        archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), data)

    return run


def class_with(
    course: Course, folder: Path, *more: Callable[[Any], None], change: Any = None
) -> dict[str, Collected]:
    """What is collected from a zip file of Ida, Bo and ``more``; ``change`` damages it at last."""
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for step in (add("ida.ipynb"), *more, add("bo.ipynb")):
            step(archive)
    if change:
        path.write_bytes(change(path.read_bytes()))
    found = {one.student: one for one in collect(course, "softmax", path)}
    for student in ("ida", "bo"):
        one = found.pop(student)
        assert (one.answers, one.trouble) == (1, None)
    assert {p.name for p in folder.iterdir()} == {"all.zip", "course"}
    return found


def flags(of: bytes, flag: int, method: int) -> Callable[[bytes], bytes]:
    """Sets flags and method in both of a member's headers."""

    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        for mark, before, length in ((b"PK\3\4", 30, 6), (b"PK\1\2", 46, 8)):
            start = next(
                n
                for n in range(len(data))
                if data[n : n + 4] == mark
                and data[n + before : n + before + len(of)] == of
            )
            changed[start + length : start + length + 4] = struct.pack(
                "<HH", flag, method
            )
        return bytes(changed)

    return change


@pytest.mark.parametrize(
    "change, said",
    [
        (
            lambda data: data.replace(b"evil", b"EVIL"),
            "is damaged inside the zip file.",
        ),
        (flags(b"eve.ipynb", 1, 0), "is locked with a password."),
        (flags(b"eve.ipynb", 0, 99), "is damaged inside the zip file."),
        (flags(b"eve.ipynb", 0, 8), "is damaged inside the zip file."),
        (flags(b"eve.ipynb", 0, 12), "is damaged inside the zip file."),
        (flags(b"eve.ipynb", 0, 14), "is damaged inside the zip file."),
    ],
)
def test_a_member_that_cannot_be_read_stops_nobody_else(
    course: Course, tmp_path: Path, change: Callable[[bytes], bytes], said: str
) -> None:
    found = class_with(course, tmp_path, add("eve.ipynb", b"evil" * 99), change=change)
    assert found == {"eve": Collected("eve.ipynb", "eve", 0, 1, f"'eve.ipynb' {said}")}
    kept = course.notebook("submitted", "softmax", "eve").read_text("utf-8")
    assert said in kept  # so that her page says it


def test_an_older_file_counts_where_the_newest_cannot_be_read(
    course: Course, tmp_path: Path
) -> None:
    found = class_with(
        course,
        tmp_path,
        add("eve/old.ipynb", year=2025),
        add("eve/new.ipynb", b"evil" * 99),
        change=lambda data: data.replace(b"evil", b"EVIL"),
    )
    trouble = "'eve/new.ipynb' is damaged inside the zip file."
    assert found == {"eve": Collected("eve/old.ipynb", "eve", 1, 2, trouble)}


@pytest.mark.parametrize(
    "name, student",
    [
        (f"Eve_66_assignsubmission_file_/{'x' * 300}.ipynb", "Eve_66"),
        (f"Eve_66_assignsubmission_file_/{'王' * 100}.ipynb", "Eve_66"),
        (f"Eve_66_assignsubmission_file_{'x/' * 3000}a.ipynb", "Eve_66"),
        (f"eve_66_90210_{'x' * 300}.ipynb", "eve_66"),
        ("eve\\softmax.ipynb", "eve"),
        ("Eve_66_assignsubmission_file_\\softmax.ipynb", "Eve_66"),
        ("C:\\eve\\softmax.ipynb", "eve"),
        ("/eve/softmax.ipynb", "eve"),
        ("../../eve.ipynb", "eve"),
        ("..\\..\\eve.ipynb", "eve"),
        ("eve.ipynb/softmax.ipynb", "eve"),
        ("..", "unnamed"),
        (f"eve/softmax ({'9' * 5000}).ipynb", "eve"),
    ],
)
def test_no_name_in_a_zip_file_stops_anybody(
    course: Course, tmp_path: Path, name: str, student: str
) -> None:
    found = class_with(course, tmp_path, add(name))
    assert [(n, one.answers) for n, one in found.items()] == [(student, 1)]


@pytest.mark.parametrize(
    "name",
    ["王" * 3000, "softmax" + " " * 60_000 + "x", "a_1" * 20_000, "x/" * 32_000 + "a"],
)
def test_a_name_of_any_length_is_read_quickly(
    course: Course, tmp_path: Path, name: str
) -> None:
    start = time.process_time()
    ((student, one),) = class_with(
        course, tmp_path, add(f"{name}.ipynb"[-65_000:])
    ).items()
    assert time.process_time() - start < 5
    assert one.answers == 1 and len(student.encode()) < 200


def test_folders_are_no_notebooks(course: Course, tmp_path: Path) -> None:
    folders = (add("eve.ipynb/", b""), add("dan.ipynb\\", b""), add("kim/", b""))
    found = class_with(course, tmp_path, *folders)
    assert {name: one.trouble for name, one in found.items()} == {
        "eve": "'eve.ipynb' is an empty folder and no notebook.",
        "dan": "'dan.ipynb' is an empty folder and no notebook.",
    }
    (tmp_path / "in" / "eve.ipynb").mkdir(parents=True)
    found_eve, bo = found_in(course, tmp_path / "in", "bo.ipynb")[::-1]
    assert found_eve.trouble == f"{found['eve'].trouble}" and bo.answers == 1


def test_a_folder_and_a_file_of_one_name_are_refused(
    course: Course, tmp_path: Path
) -> None:
    members = (add("eve.ipynb"), add("eve.ipynb/", b""), add("eve.ipynb/x.ipynb"))
    (one,) = class_with(course, tmp_path, *members).values()
    assert one.answers == 0 and one.trouble is not None
    assert "for 'eve.ipynb' and for 'eve.ipynb'" in one.trouble


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_with_one_name_the_newest_counts(
    course: Course, tmp_path: Path
) -> None:
    other = handed_in(REHEAT.solution, SOFTMAX["loss-in-bits"].solution)
    members = (add("eve.ipynb", other, 2026), add("eve.ipynb", MINE, 2025))
    found = class_with(course, tmp_path, *members)
    assert found == {"eve": Collected("eve.ipynb", "eve", 2, 2, None)}
    cased = (add("Kim/a.ipynb"), add("kim/a.ipynb"))  # one file on many disks
    (one,) = class_with(course, tmp_path, *cased).values()
    assert one.answers == 0 and "'Kim' and for 'kim'" in str(one.trouble)


def test_a_member_without_end_is_one_students_trouble(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("answers", "zips"):
        monkeypatch.setattr(f"lmlib.classroom.{module}.FILE_LIMIT", 1 << 20)

    def zeros(archive: zipfile.ZipFile) -> None:
        archive.writestr("eve.ipynb", bytes(5 << 20), zipfile.ZIP_DEFLATED)

    found = class_with(course, tmp_path, zeros)
    trouble = "The file has more than 1 MB."
    assert found == {"eve": Collected("eve.ipynb", "eve", 0, 1, trouble)}


# What only notebooks have

WITHIN = [
    "display(probs)",
    "handle = display(probs, display_id=True)\n    handle.update(1)",
    "from IPython.display import clear_output, display\n    display(probs)",
    "get_ipython().run_line_magic('matplotlib', 'inline')",
    "if get_ipython() is not None:\n        get_ipython().system('ls')",
    "%matplotlib inline",
    "%timeit sum(probs)",
    "speed = %timeit -o -q sum(probs)\n    print(f'{speed.best * 1e6:.1f} µs')",
    "for name in []:\n        %time sum(probs)",
    "!ls",
    "!ls \\\n  -l",
    "names = !ls\n    for name in names:\n        print(name, names[0], len(names))",
    "probs?",
    "probs[0]??",
    "?probs",
    "? probs",
]
BESIDE = [
    "%%time\n%load_ext autoreload\n!ls\n",
    "display(1)\n",
    "get_ipython().run_line_magic('pylab', '')\n",
    "str.*find*?\n",
    "!pip install \\\n    numpy\n",
    "reheat?\r\n",
]


@pytest.mark.parametrize(
    "source",
    [
        *(
            REHEAT.solution.replace("    top =", f"    {line}\n    top =")
            for line in WITHIN
        ),
        *(line + REHEAT.solution for line in BESIDE),
        *(
            f"{first}\n{REHEAT.solution.replace('1 / temperature', 'ONE / temperature')}"
            for first in (
                "%time ONE = 1",
                "%time ONE = 1\n%time !ls",
                "%matplotlib inline\nONE = len('''\n!''') - 1",
                "%matplotlib inline\nONE = len(f'''\n%d{1}''') - 3",
                "%matplotlib inline\nONE = len('''\n%d''') - 2",
                "display = print\nONE = 1\ndisplay(1)",
                "files = !ls\nONE = 1 + len(files)",
                "ip = get_ipython()\nONE = 1 + len(ip.getoutput('ls'))",
            )
        ),
    ],
)
def test_what_only_notebooks_have_takes_nothing_from_a_right_answer(
    source: str, in_process: list[dict[str, Any]]
) -> None:
    grade = graded(task("softmax", "reheat"), answer(source))
    assert grade.right, grade


def test_a_wrong_answer_stays_wrong_in_a_notebook(
    in_process: list[dict[str, Any]],
) -> None:
    for body in ("display(probs)", "return get_ipython()", "%time return probs"):
        wrong = answer(f"def reheat(probs, t):\n    {body}")
        assert not graded(task("softmax", "reheat"), wrong).right


def test_a_star_import_is_not_taken_for_what_notebooks_have() -> None:
    mine = REHEAT.solution.replace("    top =", "    display(probs)\n    top =")
    assert answer(f"from nowhere import *\n{mine}") == mine

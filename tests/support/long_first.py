"""Long files first, where several processes share the tests: one that began last would keep the others waiting.

pytest-xdist hands out whole files, and in this order with ``--no-loadscope-reorder``.
"""

from __future__ import annotations

import pytest
from chapter_seconds import stated_seconds
from nbval.plugin import IPyNbCell

# Seconds, roughly. A file that is not here takes a few.
LONG = {
    "test_site.py": 1400,
    "test_colab.py": 650,
    "test_classroom_grades.py": 900,
    "test_page_answers.py": 480,
    "test_identity.py": 360,
    "test_classroom.py": 340,
    "test_questions.py": 330,
    "test_site_figures.py": 280,
    "test_classroom_sandbox.py": 270,
    "test_real.py": 270,
    "test_stored.py": 230,
    "test_widgets.py": 200,
    "test_systems.py": 180,
    "test_widget_workbench.py": 100,
    "test_classroom_attacks.py": 90,
    "test_page_exercises.py": 120,
    "test_pretraining.py": 90,
    "test_train.py": 80,
    "test_widget_beam.py": 80,
    "test_distributed.py": 70,
    "test_colab_widgets.py": 70,
    "test_widget_duel.py": 70,
    "test_jupyterlab.py": 60,
    "test_firefox.py": 60,
    "test_print.py": 40,
}


def seconds(item: pytest.Item) -> int:
    """What the file of a test takes: a chapter says so itself."""
    if isinstance(item, IPyNbCell):
        return stated_seconds(item.parent.nb)
    return LONG.get(item.path.name, 0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if hasattr(
        config, "workerinput"
    ):  # in one process the order of the files reads better
        items.sort(key=seconds, reverse=True)

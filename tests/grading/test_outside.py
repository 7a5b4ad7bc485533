"""Every right and wrong answer, graded in a sandbox from outside: the same points as in one process."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from assignments import ROOT, answers, expected, metadata, names, notebook, solution, tasks
from nbformat.v4 import new_code_cell

from coursekit.grading import sandbox
from coursekit.grading.handin import Graded, grade, reference_of, starter
from coursekit.grading.outcomes import OUTCOMES

pytestmark = pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing() or "there is a sandbox")

CASES = [(name, path) for name in names() for path in answers(name)]


def hand_in(name: str, *sources: str) -> nbformat.NotebookNode:
    """Programs one after the other, then the test cells as nbgrader puts them in."""
    nb = notebook(name)
    nb.cells = [*map(new_code_cell, sources), *(cell for cell in nb.cells if metadata(cell).get("grade"))]
    return nb


def graded(name: str, *sources: str) -> Graded:
    start = starter(True, {}, str(ROOT))
    reference = reference_of(ROOT / "solutions" / name / f"{name}.ipynb", start)
    return grade(hand_in(name, *sources), reference, start)


def points(result: Graded) -> dict[str, float]:
    return {task: value["points"] for task, value in result.record["tasks"].items()}


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.stem}" for name, path in CASES])
def test_an_answer_gets_the_same_points(name: str, path: Path) -> None:
    result = graded(name, solution(name), path.read_text(encoding="utf-8"))
    assert points(result) == expected(name)[path.stem], result.record["cells"]
    for task, full in tasks(name).items():
        outcome = result.record["tasks"][task]["outcome"]
        assert outcome in OUTCOMES
        assert (outcome == "passed") == (points(result)[task] == full)
        assert (outcome == "partly passed") == (0 < points(result)[task] < full)
        assert outcome != "tampered", result.record["cells"]


@pytest.mark.parametrize("name", names())
def test_the_model_solution_gets_everything_and_stubs_nothing(name: str) -> None:
    assert points(graded(name, solution(name))) == tasks(name)
    blank = graded(name, solution(name, folder="exercises"))
    assert points(blank) == dict.fromkeys(tasks(name), 0.0)
    assert {task["outcome"] for task in blank.record["tasks"].values()} == {"missing"}


@pytest.mark.parametrize("name", names())
def test_odd_values_get_nothing(name: str) -> None:
    """No value stops the grading, and none is a test's own fault."""
    functions = [line.split("(")[0][4:] for line in solution(name).splitlines() if line.startswith("def ")]
    for value in (
        "0.0",
        "float('nan')",
        "10 ** 400",
        "'\\ud800\\x1b[0m'",
        "{'a': [1]}",
        "[[[]]]",
        "object()",
        "exit()",
    ):
        source = "\n".join(f"def {function}(*a, **k):\n    return {value}" for function in functions)
        result = graded(name, solution(name), source)
        assert sum(points(result).values()) == 0, (value, result.record["cells"])

"""Every grader is tried on right, wrong and blank answers, in one warm process, point by point."""

from __future__ import annotations

import ast
import contextlib
import io
import time
from pathlib import Path

import matplotlib as mpl
import pytest
from assignments import Report, answers, expected, functions, grade_source, graded_cells, names, solution, tasks

mpl.use("Agg")

CASES = [(name, path) for name in names() for path in answers(name)]


def test_there_are_enough_answers() -> None:
    for name in names():
        kinds = [path.stem.split("_")[0] for path in answers(name)]
        assert kinds.count("wrong") >= 8
        assert kinds.count("right") >= 2
        assert kinds.count("wrong") + kinds.count("right") == len(kinds)
        assert set(expected(name)) == {path.stem for path in answers(name)}


@pytest.mark.parametrize(("name", "path"), CASES, ids=[f"{name}-{path.stem}" for name, path in CASES])
def test_an_answer_gets_its_points(name: str, path: Path) -> None:
    """An answer is laid over the model solution: it replaces the functions that it names, and no others."""
    report = grade_source(name, solution(name), path.read_text(encoding="utf-8"))
    assert report.tasks == expected(name)[path.stem], report.said
    full = tasks(name)
    if path.stem.startswith("right"):
        assert report.tasks == full, report.said
        return
    lost = {task for task in full if report.tasks[task] < full[task]}
    assert lost, "a wrong answer has full marks"
    for task in lost:  # whoever loses points is told, in words, what was wrong
        said = report.said[f"{task}_visible"] + report.said[f"{task}_hidden"]
        assert "AssertionError" in said or "✗" in said or "Error" in said


@pytest.mark.parametrize("name", names())
def test_the_model_solution_gets_everything_in_time(name: str) -> None:
    start = time.perf_counter()
    report = grade_source(name, solution(name))
    assert report.tasks == tasks(name), report.said
    assert sum(report.tasks.values()) == 20
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("name", names())
def test_blank_stubs_get_nothing(name: str) -> None:
    report: Report = grade_source(name, solution(name, folder="exercises"))
    assert report.tasks == dict.fromkeys(tasks(name), 0.0)
    assert "not written yet" in "".join(report.said.values())


@pytest.mark.parametrize("name", names())
def test_no_task_costs_another_its_points(name: str) -> None:
    """One task is missing at a time: its own points go, all others stay."""
    full = tasks(name)
    own = functions(name)
    for task in full:
        gone = "\n".join(f"del {function}" for function in own[task])
        report = grade_source(name, solution(name), gone)
        assert report.tasks == {**full, task: 0.0}


@pytest.mark.parametrize("name", names())
def test_hidden_points_are_numbers_that_nbgrader_reads(name: str) -> None:
    """Whatever a student returns, the points are a plain float; `grade_source` checks that of each cell."""
    odd = [
        "float('nan')",
        "True",
        "__import__('torch').tensor(0.5)",
        "-0.5",
        "__import__('numpy').float64(0.5)",
        "None",
        "object()",
        "[[[]]]",
        "1e400",
        "exit()",
    ]
    functions = [line.split("(")[0][4:] for line in solution(name).splitlines() if line.startswith("def ")]
    for value in odd:
        source = "\n".join(f"def {function}(*a, **k):\n    return {value}" for function in functions)
        report = grade_source(name, solution(name), source)
        assert sum(report.tasks.values()) == 0, (value, report.tasks)


@pytest.mark.parametrize("name", names())
def test_every_task_has_a_visible_and_a_hidden_test(name: str) -> None:
    kinds: dict[str, set[str]] = {}
    for cell in graded_cells(name):
        kinds.setdefault(cell.task, set()).add(cell.grade_id.removeprefix(cell.task + "_"))
    assert 4 <= len(kinds) <= 6
    assert all(kind == {"visible", "hidden"} for kind in kinds.values())


@pytest.mark.parametrize("name", names())
def test_visible_tests_leave_the_students_names_alone(name: str) -> None:
    """Test cells run among a student's own definitions: afterwards there are their imports, and nothing else is new."""
    namespace = {"__name__": "__main__"}
    exec(compile(solution(name), "<solution>", "exec"), namespace)
    for cell in graded_cells(name):
        if cell.grade_id.endswith("_visible"):
            imported = {
                alias.asname or alias.name.split(".")[0]
                for node in ast.parse(cell.source).body
                if isinstance(node, ast.Import | ast.ImportFrom)
                for alias in node.names
            }
            before = dict(namespace)
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(cell.source, cell.grade_id, "exec"), namespace)
            changed = {key for key in namespace if namespace[key] is not before.get(key, before)}
            assert changed <= imported, cell.grade_id
            assert before.keys() <= namespace.keys(), cell.grade_id

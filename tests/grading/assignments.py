"""Grade answers of an assignment in this process, as the cells of its notebook do."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class GradedCell:
    """A graded cell: its nbgrader id, its points and its source."""

    grade_id: str
    points: float
    source: str

    @property
    def task(self) -> str:
        return self.grade_id.removesuffix("_visible").removesuffix("_hidden")


def names(folder: str = "solutions") -> list[str]:
    """The assignments that there are."""
    return sorted(path.parent.name for path in (ROOT / folder).glob("*/*.ipynb"))


def notebook(name: str, folder: str = "solutions") -> nbformat.NotebookNode:
    """The notebook of an assignment, of the teacher (``solutions``) or of the student (``exercises``)."""
    return nbformat.read(ROOT / folder / name / f"{name}.ipynb", as_version=4)


def metadata(cell: nbformat.NotebookNode) -> dict[str, Any]:
    """nbgrader's metadata of a cell, empty where it has none."""
    return cell.metadata.get("nbgrader", {})


def graded_cells(name: str) -> list[GradedCell]:
    """The graded cells in their order."""
    return [
        GradedCell(metadata(cell)["grade_id"], metadata(cell)["points"], cell.source)
        for cell in notebook(name).cells
        if metadata(cell).get("grade")
    ]


def tasks(name: str) -> dict[str, float]:
    """The points of each task, both its cells together."""
    points: dict[str, float] = {}
    for cell in graded_cells(name):
        points[cell.task] = points.get(cell.task, 0) + cell.points
    return points


def solution(name: str, folder: str = "solutions") -> str:
    """The import cells and the solution cells of a notebook as one program: stubs, in the student's version."""
    parts = []
    for cell in notebook(name, folder).cells:
        imports = cell.cell_type == "code" and not metadata(cell) and cell.source.startswith(("import ", "from "))
        if imports or metadata(cell).get("solution"):
            parts.append(cell.source)
    return "\n\n".join(parts)


def functions(name: str) -> dict[str, list[str]]:
    """The functions that each task's solution cell defines."""
    return {
        metadata(cell)["grade_id"]: [
            node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)
        ]
        for cell in notebook(name).cells
        if metadata(cell).get("solution")
    }


def answers(name: str) -> list[Path]:
    """The files of right and wrong answers."""
    return sorted((ROOT / "tests" / "answers" / name).glob("*.py"))


def expected(name: str) -> dict[str, dict[str, float]]:
    """The points that each answer must get, task by task."""
    return json.loads((ROOT / "tests" / "answers" / name / "expected.json").read_text(encoding="utf-8"))


@dataclass
class Report:
    """What an answer got: points by cell and by task, and everything that was said."""

    cells: dict[str, float]
    said: dict[str, str]

    @property
    def tasks(self) -> dict[str, float]:
        points: dict[str, float] = {}
        for grade_id, value in self.cells.items():
            task = grade_id.removesuffix("_visible").removesuffix("_hidden")
            points[task] = round(points.get(task, 0) + value, 2)
        return points


def grade_source(name: str, *sources: str) -> Report:
    """Run programs one after the other in one namespace, then each test cell as nbgrader does.

    A cell that raises gives nothing. A cell whose last line has a value gives that value, which must be
    a plain float between 0 and the cell's points. Any other cell gives its points, unless it wrote to stderr.
    """
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for source in sources:
        exec(compile(source, "<answer>", "exec"), namespace)
    report = Report({}, {})
    for cell in graded_cells(name):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            points = _run(cell, namespace)
        report.cells[cell.grade_id] = 0.0 if err.getvalue() else points
        report.said[cell.grade_id] = out.getvalue() + err.getvalue()
    return report


def _run(cell: GradedCell, namespace: dict[str, Any]) -> float:
    body = ast.parse(cell.source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    try:
        exec(compile(ast.Module(body, []), cell.grade_id, "exec"), namespace)
        value = None
        if last is not None:
            value = eval(compile(ast.Expression(last.value), cell.grade_id, "eval"), namespace)
    except (Exception, SystemExit) as error:  # a kernel survives both
        print(f"{type(error).__name__}: {error}", file=sys.stdout)
        return 0.0
    if value is None:
        return float(cell.points)
    if type(value) is not float or not 0 <= value <= cell.points:
        raise AssertionError(f"{cell.grade_id} gave {value!r}, which is no float from 0 to {cell.points}")
    return value

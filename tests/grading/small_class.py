"""A course in a folder of its own, with a few hand-ins, for tests that grade them on their way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from assignments import ROOT, metadata, notebook
from nbgrader.api import Gradebook

NAME = "gan"


def hand_in(kind: str) -> bytes:
    """A notebook: ``perfect``, ``blank``, or ``exits``, whose second last task ends the process."""
    nb = notebook(NAME, "exercises")
    solutions = {metadata(c)["grade_id"]: c.source for c in notebook(NAME).cells if metadata(c).get("solution")}
    for cell in nb.cells:
        if kind != "blank" and metadata(cell).get("solution"):
            cell.source = solutions[metadata(cell)["grade_id"]]
        if kind == "exits" and metadata(cell).get("grade_id") == "smoothed_discriminator":
            cell.source = "import os\ndef smoothed_discriminator(*a): os._exit(0)"
    return nbformat.writes(nb).encode()


def make(root: Path, students: Sequence[str]) -> Path:
    """A course whose students are called after what they hand in: ``perfect``, ``blank_2``, ``exits_7``."""
    shutil.copy(ROOT / "nbgrader_config.py", root)
    for folder in ("solutions", "exercises"):
        shutil.copytree(ROOT / folder / NAME, root / folder / NAME)
    (root / "graders").mkdir()
    shutil.copy(ROOT / "tests" / "graders" / f"{NAME}.py", root / "graders")
    for student in students:
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_bytes(hand_in(student.split("_")[0]))
        (folder / "timestamp.txt").write_text("2027-01-15 17:20:00 UTC", encoding="utf-8")
    return root


def environment(course: Path) -> dict[str, str]:
    return {**os.environ, "COURSEKIT_GRADERS": str(course / "graders"), "PYTHONPATH": str(ROOT)}


def run(course: Path, *arguments: str, code: int = 0, module: str = "coursekit.grading") -> str:
    """Run a command in a course; gives all that it says."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=course,
        env=environment(course),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def scores(url: str) -> dict[str, dict[str, tuple[float, float]]]:
    """What a gradebook holds of everybody: of each cell the automatic points and those that count."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    with Gradebook(url) as gradebook:
        for submission in gradebook.find_assignment(NAME).submissions:
            assert submission.student.id not in found, "two hand-ins of one student"
            (one,) = submission.notebooks
            found[submission.student.id] = {grade.name: (grade.auto_score, grade.score) for grade in one.grades}
    return found


def total(cells: dict[str, tuple[float, float]]) -> float:
    return round(sum(score for _, score in cells.values()), 2)

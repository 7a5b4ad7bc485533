"""A teacher's round trip through nbgrader's own commands: generate, hand in, autograde, feedback, export, regrade."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from assignments import ROOT, metadata, notebook, solution, tasks
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook

from coursekit.grading import sandbox

NAME = "gan"
FULL = tasks(NAME)

Notebook = nbformat.NotebookNode


def nbgrader(course: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    """Run ``nbgrader <arguments>`` in a course, expect its exit code, give what it printed."""
    if arguments[0] == "autograde" and sandbox.missing():
        arguments = (*arguments, "--GradeOutside.sandbox=False")
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env={**os.environ, "COURSEKIT_GRADERS": str(ROOT / "tests" / "graders"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


# Hand-ins: each takes the released notebook and fills it in ---------------------------------------------------------


def cell(nb: Notebook, grade_id: str) -> Notebook:
    return next(c for c in nb.cells if metadata(c).get("grade_id") == grade_id)


def fill(nb: Notebook, **changed: str) -> None:
    """Put the model solution into the stubs, and other code into the cells named in ``changed``."""
    for original in notebook(NAME).cells:
        if metadata(original).get("solution"):
            grade_id = metadata(original)["grade_id"]
            cell(nb, grade_id).source = changed.get(grade_id, original.source)


def perfect(nb: Notebook) -> None:
    fill(nb)


def blank(nb: Notebook) -> None:
    pass


def partly(nb: Notebook) -> None:
    smoothed = "def smoothed_discriminator(p_d, p_m, s):\n    return (1 - s) * p_d / (p_d + p_m)"
    stub = cell(nb, "count_modes").source
    fill(nb, smoothed_discriminator=smoothed, count_modes=stub)


def raises(nb: Notebook) -> None:
    fill(nb, jensen_shannon="def jensen_shannon(p, q:\n    return 0.0", losses="raise RuntimeError('top level')")
    nb.cells.insert(3, new_code_cell("1 / 0"))


LOOP = """def smoothed_discriminator(p_d, p_m, s):
    import time
    while True:
        try:
            time.sleep(0.01)
        except:
            pass
"""


def loops(nb: Notebook) -> None:
    fill(nb, smoothed_discriminator=LOOP)


def deleted(nb: Notebook) -> None:
    fill(nb)
    gone = ("optimal_discriminator_visible", "jensen_shannon_hidden", "losses", "losses_visible", "losses_hidden")
    nb.cells = [c for c in nb.cells if metadata(c).get("grade_id") not in gone]


def doubled(nb: Notebook) -> None:
    """Everything right, with test cells edited and twice, warnings, prints and C-level output on both streams."""
    fill(nb)
    for grade_id in ("count_modes_visible", "count_modes_hidden", "losses"):
        at = nb.cells.index(cell(nb, grade_id))
        copied = nbformat.from_dict(nb.cells[at])
        copied.id = f"copy-{at}"
        nb.cells.insert(at, copied)
    for c in nb.cells:
        if metadata(c).get("solution"):
            c.source += "\nimport warnings, sys, os\nprint('chatter', file=sys.stderr)\n"
        if metadata(c).get("grade"):
            c.source = "1 / 0"
    cell(nb, "smoothed_discriminator").source += (
        "\nquiet_version = smoothed_discriminator\n"
        "def smoothed_discriminator(*args):\n"
        "    warnings.warn('look'); print('out'); print('err', file=sys.stderr); os.write(2, b'raw')\n"
        "    return quiet_version(*args)\n"
    )


def stripped(nb: Notebook) -> None:
    fill(nb)
    for c in nb.cells:
        c.metadata = {}
    nb.metadata = {"kernelspec": {"name": "another", "display_name": "Another kernel"}}


def kills(nb: Notebook) -> None:
    fill(nb, smoothed_discriminator="def smoothed_discriminator(p_d, p_m, s):\n    import os\n    os._exit(1)")


HAND_INS: dict[str, tuple[Callable[[Notebook], None], dict[str, float]]] = {
    "perfect": (perfect, {}),
    "blank": (blank, dict.fromkeys(FULL, 0.0)),
    "partly": (partly, {"smoothed_discriminator": 0.5, "count_modes": 0.0}),
    "raises": (raises, {"jensen_shannon": 0.0, "losses": 0.0}),
    "loops": (loops, {"smoothed_discriminator": 0.0}),
    "deleted": (deleted, {"losses": 0.0}),
    "doubled": (doubled, {}),
    "stripped": (stripped, {}),
    "kills": (kills, {"smoothed_discriminator": 0.0}),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course after autograding: source, release, all hand-ins, and the gradebook."""
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    (root / "solutions" / NAME).mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / NAME / f"{NAME}.ipynb", root / "solutions" / NAME)
    nbgrader(root, "generate_assignment", NAME)
    released = root / "exercises" / NAME / f"{NAME}.ipynb"
    for student, (write, _) in HAND_INS.items():
        nb = nbformat.read(released, as_version=4)
        write(nb)
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(nb, folder / f"{NAME}.ipynb")
    log = nbgrader(root, "autograde", NAME)
    (root / "log.txt").write_text(log, encoding="utf-8")
    return root


def scores(course: Path, student: str) -> dict[str, float | None]:
    """What the gradebook holds for each task."""
    result: dict[str, float | None] = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for grade in gradebook.find_submission_notebook(NAME, NAME, student).grades:
            task = grade.name.removesuffix("_visible").removesuffix("_hidden")
            known = result.get(task, 0.0)
            result[task] = None if grade.score is None or known is None else round(known + grade.score, 2)
            assert grade.auto_score is not None, f"{student}: {grade.name} has no score"
    return result


def test_the_release_is_the_one_in_the_repository(course: Path) -> None:
    released = (course / "exercises" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    assert released == (ROOT / "exercises" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("student", HAND_INS)
def test_every_hand_in_gets_its_points(course: Path, student: str) -> None:
    assert scores(course, student) == {**FULL, **HAND_INS[student][1]}


def test_the_log_names_what_was_settled(course: Path) -> None:
    log = (course / "log.txt").read_text(encoding="utf-8")
    assert "deleted: the cell optimal_discriminator_visible was missing and has been put back" in log
    assert "doubled: the cell count_modes_hidden is there more than once; the last one counts" in log
    assert "kills: smoothed_discriminator: crashed" in log
    assert "loops: smoothed_discriminator: timed out" in log


def test_feedback_says_what_failed(course: Path) -> None:
    nbgrader(course, "generate_feedback", NAME)
    pages = {s: (course / "feedback" / s / NAME / f"{NAME}.html").read_text(encoding="utf-8") for s in HAND_INS}
    assert "densities that are zero" in pages["partly"]
    assert "not written yet" in pages["blank"]
    assert "crashed: 0 of 1 points" in pages["kills"]
    assert "Look for a loop that never ends" in pages["loops"]
    assert all("all 4 hidden tests pass" in pages[s] for s in ("perfect", "doubled", "stripped"))


def test_export(course: Path) -> None:
    nbgrader(course, "export", "--to", "grades.csv")
    with (course / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == set(HAND_INS)
    for student, (_, changed) in HAND_INS.items():
        assert float(rows[student]["raw_score"]) == pytest.approx(sum({**FULL, **changed}.values()))
        assert float(rows[student]["max_score"]) == 20


def test_regrading_after_a_grader_was_mended(course: Path, tmp_path: Path) -> None:
    """A mark that a person gave stays; everything else follows the new grader. A broken grader is loud."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("count_modes_hidden", NAME, NAME, "partly")
        grade.manual_score = 1.5
        gradebook.db.commit()
    grader = (ROOT / "tests" / "graders" / f"{NAME}.py").read_text(encoding="utf-8")
    mended = tmp_path / "mended"
    mended.mkdir()
    lenient = '\n\ndef smoothed_discriminator(student, rng):\n    return [Outcome("lenient", True)]\n'
    (mended / f"{NAME}.py").write_text(grader + lenient, encoding="utf-8")
    arguments = ("autograde", NAME, "--student", "partly")
    nbgrader(course, *arguments, "--force", COURSEKIT_GRADERS=str(mended))
    after = scores(course, "partly")
    assert after == {**FULL, "smoothed_discriminator": 1.0, "count_modes": 1.5}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade("count_modes_hidden", NAME, NAME, "partly")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (0.0, 1.5, True)

    (mended / f"{NAME}.py").write_text(grader + lenient.replace("return", "raise OSError('disk')#"), encoding="utf-8")
    log = nbgrader(course, *arguments, "--force", code=1, COURSEKIT_GRADERS=str(mended))
    assert "the grader gan.smoothed_discriminator crashed: OSError: disk" in log
    assert "left ungraded" in log
    nbgrader(course, *arguments)  # mended again, it is graded without --force
    assert scores(course, "partly") == {**FULL, "smoothed_discriminator": 0.5, "count_modes": 1.5}


def test_the_model_solution_of_the_hand_ins_is_the_teachers() -> None:
    assert "def count_modes" in solution(NAME)

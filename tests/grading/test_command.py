"""The teacher's command: a class with honest, odd, broken and hostile hand-ins, its gradebook, feedback and report."""

from __future__ import annotations

import contextlib
import csv
import fcntl
import io
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from assignments import ROOT, metadata, notebook, tasks
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.preprocessors import SaveAutoGrades
from sqlalchemy.orm import Session

from coursekit import autograde
from coursekit.grading import command, handin, report, sandbox
from coursekit.grading.handin import Graded

pytestmark = pytest.mark.skipif(bool(sandbox.missing()), reason=sandbox.missing() or "there is a sandbox")

NAME = "gan"
FULL = tasks(NAME)
NOTHING = dict.fromkeys(FULL, 0.0)


def run(course: Path, *arguments: str, code: int = 0) -> str:
    """Run ``python -m coursekit.grading <arguments>`` in a course; in this process, which has imported everything."""
    said, before = io.StringIO(), Path.cwd()
    os.chdir(course)
    try:
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            patch.setenv("COURSEKIT_GRADERS", str(course / "graders"))
            assert command.main(arguments) == code, said.getvalue()
    finally:
        os.chdir(before)
    return said.getvalue()


def nbgrader(course: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def cell(nb: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    return next(c for c in nb.cells if metadata(c).get("grade_id") == grade_id)


def solved(nb: nbformat.NotebookNode) -> bytes:
    for original in notebook(NAME).cells:
        if metadata(original).get("solution"):
            cell(nb, metadata(original)["grade_id"]).source = original.source
    return nbformat.writes(nb).encode()


def perfect(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    return {"gan.ipynb": solved(nb)}


def blank(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    return {"gan.ipynb": nbformat.writes(nb).encode()}


def renamed(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    return {"Kopie von gan.ipynb": solved(nb), "notes.txt": b"hello"}


def no_notebook(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    return {"gan.ipynb": b"%PDF-1.7 <script>alert(1)</script>"}


def nothing(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    return {}


def formula(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    return {"=HYPERLINK(1)<b>.txt": b"x"}


def exits(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    solved(nb)
    cell(nb, "smoothed_discriminator").source = "import os\ndef smoothed_discriminator(*a): os._exit(0)"
    return {"gan.ipynb": nbformat.writes(nb).encode()}


def cheats(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    source = "import coursekit.grading as g\ng.hidden = lambda *a, points, **k: float(points)\n20.0"
    nb.cells.insert(0, new_code_cell(source))
    for c in nb.cells:
        if metadata(c).get("grade"):
            c.source = "print('✓ all hidden tests pass')\n20.0"
    return {"gan.ipynb": nbformat.writes(nb).encode()}


MARKUP = "<script>alert('mine')</script> <img src=x onerror=\"alert('mine')\"> [x](javascript:alert('mine'))"


def scripts(nb: nbformat.NotebookNode) -> dict[str, bytes]:
    """Scripts wherever a page may show them."""
    nb.cells.insert(0, new_markdown_cell(MARKUP))
    nb.cells.insert(0, new_raw_cell(MARKUP))
    nb.cells.insert(0, new_raw_cell(MARKUP, metadata={"raw_mimetype": "text/html"}))
    shows = (
        "from IPython.display import display, HTML, Javascript, SVG\n"
        f"display(HTML({MARKUP!r})); display(Javascript('alert(1)')); print({MARKUP!r})\n"
        f"display({{'image/png': {MARKUP!r}, 'text/markdown': {MARKUP!r}, 'text/plain': {MARKUP!r}}}, raw=True)\n"
        f"raise ValueError({MARKUP!r})"
    )
    nb.cells.insert(1, new_code_cell(shows))
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {"x": "</script>" + MARKUP}}}
    return {"gan.ipynb": nbformat.writes(nb).encode()}


HAND_INS: dict[str, tuple[Callable[[nbformat.NotebookNode], dict[str, bytes]], dict[str, float]]] = {
    "perfect": (perfect, FULL),
    "blank": (blank, NOTHING),
    "renamed": (renamed, FULL),
    "no_notebook": (no_notebook, NOTHING),
    "nothing": (nothing, NOTHING),
    "formula": (formula, NOTHING),
    "exits": (exits, {**FULL, "smoothed_discriminator": 0.0}),
    "cheats": (cheats, NOTHING),
    "scripts": (scripts, NOTHING),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("class")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    (root / "solutions" / NAME).mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / NAME / f"{NAME}.ipynb", root / "solutions" / NAME)
    (root / "graders").mkdir()
    shutil.copy(ROOT / "tests" / "graders" / f"{NAME}.py", root / "graders")
    assert "run this first: nbgrader generate_assignment" in _before_it_is_known(root)
    nbgrader(root, "generate_assignment", NAME, "--force")
    shutil.copy(root / "gradebook.db", root / "empty.db")
    for student, (write, _) in HAND_INS.items():
        folder = root / "submitted" / student / NAME
        folder.mkdir(parents=True)
        for file, content in write(notebook(NAME, "exercises")).items():
            (folder / file).write_bytes(content)
            (root / "originals" / student).mkdir(parents=True, exist_ok=True)
            (root / "originals" / student / file).write_bytes(content)
        (folder / "timestamp.txt").write_text("2027-01-15 17:20:00 UTC", encoding="utf-8")
    (root / "log.txt").write_text(run(root, "grade", NAME, "--workers", "2"), encoding="utf-8")
    return root


def _before_it_is_known(root: Path) -> str:
    shutil.copytree(ROOT / "exercises" / NAME, root / "exercises" / NAME)
    (root / "submitted" / "ada" / NAME).mkdir(parents=True)
    said = run(root, "grade", NAME, code=2)
    shutil.rmtree(root / "submitted" / "ada")
    return said


def scores(course: Path, student: str) -> dict[str, float]:
    result: dict[str, float] = {}
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for grade in gradebook.find_submission_notebook(NAME, NAME, student).grades:
            task = grade.name.removesuffix("_visible").removesuffix("_hidden")
            assert grade.auto_score is not None
            result[task] = round(result.get(task, 0.0) + grade.score, 2)
    return result


@pytest.mark.parametrize("student", HAND_INS)
def test_everybody_gets_exact_points(course: Path, student: str) -> None:
    assert scores(course, student) == HAND_INS[student][1]
    record = json.loads((course / "graded" / NAME / f"{student}.json").read_text(encoding="utf-8"))
    assert {task: r["points"] for task, r in record["tasks"].items()} == HAND_INS[student][1]


def test_the_summary_tells_what_was_odd(course: Path) -> None:
    said = (course / "log.txt").read_text(encoding="utf-8")
    assert "9 graded, 0 of them unchanged, 0 ungraded" in said
    assert "points: mean 6.44, median 0, from 0 to 20 of 20" in said
    assert "renamed: there was no gan.ipynb; Kopie von gan.ipynb was taken for it" in said
    assert "no_notebook: no notebook: the file is a PDF, not a notebook" in said
    assert "exits: smoothed_discriminator: crashed" in said
    assert "cheats: the test cell losses_visible was edited; the original counts" in said


def test_the_hand_ins_are_as_they_were(course: Path) -> None:
    for path in (course / "originals").rglob("*.*"):
        student, file = path.relative_to(course / "originals").parts
        assert (course / "submitted" / student / NAME / file).read_bytes() == path.read_bytes()


def test_feedback_has_a_sentence_for_everybody(course: Path) -> None:
    nbgrader(course, "generate_feedback", NAME)
    pages = {s: (course / "feedback" / s / NAME / f"{NAME}.html").read_text(encoding="utf-8") for s in HAND_INS}
    assert "crashed: 0 of 1 points" in pages["exits"]
    assert "This hand-in could not be graded" in pages["no_notebook"]
    assert "missing: 0 of" in pages["blank"]
    assert "passed: 1 of 1 points" in pages["perfect"]
    assert all("points. " in text for text in pages.values())
    assert "<script>alert(1)" not in pages["no_notebook"]
    tags = Tags()
    tags.feed(pages["scripts"])
    assert "alert" in pages["scripts"]  # as text, which does nothing
    assert not any("alert(" in script for script in tags.scripts)
    assert not any(name.startswith("on") or "javascript:" in (value or "") for name, value in tags.attributes)


def test_nothing_is_graded_twice(course: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (course / "graded" / NAME).glob("*.json")}
    assert "9 graded, 9 of them unchanged" in run(course, "grade", NAME)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    folder = course / "submitted" / "nothing" / NAME
    (folder / "gan.ipynb").write_bytes(blank(notebook(NAME, "exercises"))["gan.ipynb"])
    assert "9 graded, 8 of them unchanged" in run(course, "grade", NAME)
    (folder / "gan.ipynb").unlink()
    assert "1 graded, 0 of them unchanged" in run(course, "grade", NAME, "--student", "nothing")


def test_a_mark_by_hand_survives_a_regrade_and_a_broken_grader_is_loud(course: Path) -> None:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("count_modes_hidden", NAME, NAME, "blank").manual_score = 1.5
        gradebook.db.commit()
    grader = course / "graders" / f"{NAME}.py"
    original = grader.read_text(encoding="utf-8")
    lenient = '\n\ndef smoothed_discriminator(student, rng):\n    return [Outcome("lenient", True)]\n'
    grader.write_text(original + lenient, encoding="utf-8")
    assert "9 graded, 0 of them unchanged" in run(course, "grade", NAME)
    assert scores(course, "blank") == {**NOTHING, "smoothed_discriminator": 1.0, "count_modes": 1.5}
    grader.write_text(original + lenient.replace("return", "raise OSError('disk')#"), encoding="utf-8")
    said = run(course, "grade", NAME, "--student", "perfect", code=1)
    assert "perfect: UNGRADED: GraderError: the grader gan.smoothed_discriminator crashed: OSError: disk" in said
    grader.write_text(original, encoding="utf-8")
    run(course, "grade", NAME)
    assert scores(course, "blank") == {**NOTHING, "count_modes": 1.5}
    assert scores(course, "perfect") == FULL


# Killed runs ----------------------------------------------------------------------------------------------------------


def kill_at(course: Path, function: str, number: int) -> list[int]:
    """Grade, and ``kill -9`` when a function is entered for the n-th time; gives the processes that were there.

    The function is one of those that write, so that the run ends in the middle of what must not be torn.
    """
    noted = course / "processes"
    noted.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            place, name = WRITERS[function]
            real, calls = getattr(place, name), itertools.count(1)

            def killed(*arguments: object, **keywords: object) -> object:
                if next(calls) == number:
                    noted.write_text(" ".join(map(str, descendants(os.getpid()))))
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **keywords)

            setattr(place, name, killed)
            run(course, "grade", NAME, "--workers", "1")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    return [int(word) for word in noted.read_text().split()]


WRITERS = {
    "a transaction": (Session, "commit"),
    "a score": (SaveAutoGrades, "_add_score"),
    "the graded notebook": (Autograde, "write_single_notebook"),
    "the record of nbgrader's steps": (autograde, "save_record"),
    "the record": (handin, "save_record"),
    "the staged copy": (command.Writer, "_stage"),
}
MOMENTS = [
    ("the staged copy", 1),
    ("a score", 4),
    ("the record of nbgrader's steps", 1),
    ("the record", 1),
    ("a transaction", 3),
    ("the graded notebook", 4),
    ("the staged copy", 2),
]


def descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(path.read_text().rpartition(")")[2].split()[1]), []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_killed_run_goes_on_where_it_was(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``kill -9`` at every kind of moment: the gradebook is whole, nothing is graded twice, nobody is left running."""
    root = tmp_path / "killed"
    students = ["blank", "exits", "no_notebook", "perfect", "renamed"]
    for folder in ("solutions", "exercises", "graders"):
        shutil.copytree(course / folder, root / folder)
    for student in students:
        shutil.copytree(course / "submitted" / student, root / "submitted" / student)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    shutil.copy(course / "empty.db", root / "gradebook.db")
    monkeypatch.setenv("COURSEKIT_GRADERS", str(root / "graders"))
    command._prepare(command.Course(root, NAME))  # once, and not in each of the runs that are killed
    kept: dict[Path, int] = {}
    for function, number in MOMENTS:
        for pid in kill_at(root, function, number):
            deadline = time.monotonic() + 10
            while running(pid) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert not running(pid), (function, number)
        with sqlite3.connect(root / "gradebook.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert {path: path.stat().st_mtime_ns for path in kept} == kept, (function, number)
        for path in (root / "graded" / NAME).glob("*.json"):
            record = json.loads(path.read_text(encoding="utf-8"))
            if "stamp" in record:  # what counts as done is in the gradebook and in nbgrader's folder
                assert scores(root, record["student"]) == HAND_INS[record["student"]][1], (function, number)
                assert (root / "autograded" / record["student"] / NAME / f"{NAME}.ipynb").is_file()
                kept[path] = path.stat().st_mtime_ns
    assert 1 <= len(kept) < len(students)
    assert f"5 graded, {len(kept)} of them unchanged, 0 ungraded" in run(root, "grade", NAME)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    for student in students:
        assert automatic(root, student) == automatic(course, student)


def automatic(course: Path, student: str) -> list[tuple]:
    """What the gradebook holds of a student's cells."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        found = gradebook.find_submission_notebook(NAME, NAME, student).grades
        return sorted((grade.name, grade.auto_score, grade.max_score) for grade in found)


def test_a_gradebook_that_lacks_scores_gets_them(course: Path) -> None:
    """Records alone are not believed: another or an older gradebook is filled."""
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.find_grade("losses_hidden", NAME, NAME, "exits").auto_score = None
        gradebook.db.commit()
    assert "9 graded, 8 of them unchanged, 0 ungraded" in run(course, "grade", NAME)
    assert scores(course, "exits") == HAND_INS["exits"][1]


def test_two_runs_do_not_get_into_each_others_way(course: Path) -> None:
    with (course / "graded" / NAME / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "is being graded by another process" in run(course, "grade", NAME, code=2)


def test_folders_that_are_no_students_are_told(course: Path) -> None:
    names = ["*", "a\u0308da", "a\x1b[2Jb", ".hidden", "-x", "a\u202eb", os.fsdecode(b"\xff")]
    for name in names:
        (course / "submitted" / name / NAME).mkdir(parents=True)
    try:
        said = run(course, "grade", NAME, code=1)
        assert f"9 graded, 9 of them unchanged, {len(names)} ungraded" in said
        assert all(line.isprintable() for line in said.splitlines())
    finally:
        for name in names:
            shutil.rmtree(course / "submitted" / name)


real_grade_one = command.grade_one


def grade_one_or_die(course: command.Course, files: dict[str, bytes]) -> Graded:
    if files.get("gan.ipynb", b"").count(b"raise NotImplementedError") > 3:  # the blank one
        os.kill(os.getpid(), signal.SIGKILL)
    return real_grade_one(course, files)


def test_a_hand_in_that_ends_our_own_process_ends_alone(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others get their points, and the one that did it a zero that a teacher is told of."""
    monkeypatch.setattr(command, "grade_one", grade_one_or_die)
    here = command.Course(course, NAME)
    monkeypatch.setenv("COURSEKIT_GRADERS", str(course / "graders"))
    students = ["perfect", "blank", "renamed", "nothing"]
    graded = dict(command.grade_many(here, students, 2))
    assert {student: result.record["points"] for student, result in graded.items()} == {
        "perfect": 20,
        "blank": 0,
        "renamed": 20,
        "nothing": 0,
    }
    assert {task["outcome"] for task in graded["blank"].record["tasks"].values()} == {"crashed"}
    assert "the process that graded this hand-in ended twice" in graded["blank"].record["notes"]


def test_late_hand_ins_and_an_extension(course: Path) -> None:
    """A late hand-in loses its points by the course's rule; with an extension it has them again."""
    config = course / "nbgrader_config.py"
    original = config.read_text(encoding="utf-8")
    config.write_text(original + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n', encoding="utf-8")
    due(course, "2027-01-14 18:00:00 UTC")
    run(course, "grade", NAME, "--student", "perfect", "--force")
    assert "perfect: 23.3 hours late, penalty 20 points" in run(course, "late", NAME)
    assert "may hand in gan until 2027-01-16 18:00 UTC" in run(course, "extend", NAME, "perfect", "--days", "2")
    assert "perfect" not in run(course, "late", NAME)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(NAME, "perfect")
        assert (submission.score, submission.late_submission_penalty) == (20, 0)
    config.write_text(original, encoding="utf-8")
    due(course, "2027-02-14 18:00:00 UTC")


def due(course: Path, date: str) -> None:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=date)


# The report -----------------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        self.in_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self.in_script:
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_report(course: Path) -> None:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        gradebook.update_or_create_student("perfect", last_name="Lovelace", first_name="Ada")
    run(course, "report", NAME)
    folder = course / "graded" / NAME / "report"
    page = (folder / "index.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "b", "img", "iframe", "link"}
    assert "Tasks, the hardest first" in page
    assert "Tests that failed most" in page
    assert "your process ended in the middle of it" in page  # of the one that exits
    assert "is not written yet" not in page  # what is missing says nothing of a test
    tables = {title: text for title, _, text in (part.partition("</caption>") for part in page.split("<caption>")[1:])}
    hardest = [row.split("</td>")[0] for row in tables["Tasks, the hardest first"].split("<tr><td>")[1:]]
    assert hardest[0] == "smoothed_discriminator"
    assert set(hardest) == set(FULL)
    assert all(f"<td>{student}</td>" in tables["Scores"] for student in HAND_INS)
    everybody = {row["student"]: row for row in rows(folder / "scores.csv")}
    assert set(everybody) == set(HAND_INS)
    assert float(everybody["perfect"]["score"]) == 20
    assert float(everybody["exits"]["smoothed_discriminator"]) == 0
    canvas = rows(folder / "canvas.csv")
    assert list(canvas[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert canvas[0]["Student"].strip() == "Points Possible"
    assert float(canvas[0][NAME]) == 20
    by_login = {row["SIS Login ID"]: row for row in canvas[1:]}
    assert by_login["perfect"]["Student"] == "Lovelace, Ada"
    assert float(by_login["renamed"][NAME]) == 20
    moodle = {row["Username"]: row for row in rows(folder / "moodle.csv")}
    assert float(moodle["exits"][NAME]) == 18
    assert "smoothed_discriminator: crashed" in moodle["exits"]["Feedback comments"]


def test_no_cell_is_a_formula() -> None:
    text = report.table(["student"], [["=1+1"], ["@x"], ["-3"], [-3.0], ["ada"]])
    assert text.splitlines() == ["student", "'=1+1", "'@x", "'-3", "-3.0", "ada"]


def test_where_there_is_no_sandbox_grading_refuses(course: Path, tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "coursekit.grading", "grade", NAME],
        cwd=course,
        env={**os.environ, "PATH": str(empty), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "apt-get install bubblewrap" in done.stderr
    assert "--no-sandbox" in done.stderr
    said = run(course, "grade", NAME, "--student", "renamed", "--force", "--no-sandbox")
    assert "Without a sandbox" in said
    assert scores(course, "renamed") == FULL

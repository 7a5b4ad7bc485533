"""What a teacher runs: ``python -m coursekit.grading grade gan`` and ``report gan``, in the root of a course.

Hand-ins are graded by several processes at a time, each hand-in in a sandbox of its own. One process, this one, writes:
it hands every result to nbgrader's own steps, so that gradebook, formgrader, feedback and export are nbgrader's.
A run that was ended goes on where it was: what is recorded in ``graded/`` is graded again only if the hand-in, the
assignment or its graders have changed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import functools
import json
import logging
import multiprocessing
import os
import signal
import sys
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

import nbformat
from tqdm import tqdm

from coursekit.grading import handin, intake, sandbox
from coursekit.grading.door import GraderError, load_grader
from coursekit.grading.gradebook import Causes, Discreet, GradebookError, only_writer, opened, patient, without_secrets
from coursekit.grading.handin import Graded
from coursekit.grading.outcomes import OUTCOMES
from coursekit.grading.outside import Worker

STAGE = ".coursekit/intake"


class CommandError(Exception):
    """Why nothing was graded, in words for the teacher."""


@dataclass(frozen=True)
class Course:
    """One assignment of a course: its folders, and how its hand-ins are graded."""

    root: Path
    name: str
    sandboxed: bool = True
    limits: dict[str, Any] = field(default_factory=dict)
    db: str = ""

    @property
    def release(self) -> Path:
        return self.root / "exercises" / self.name / f"{self.name}.ipynb"

    @property
    def solution(self) -> Path:
        return self.root / "solutions" / self.name / f"{self.name}.ipynb"

    @property
    def records(self) -> Path:
        return self.root / "graded" / self.name

    def submitted(self, student: str) -> Path:
        return self.root / "submitted" / student / self.name

    def students(self) -> list[str]:
        """Who has handed in."""
        return sorted(folder.parent.name for folder in (self.root / "submitted").glob(f"*/{self.name}"))

    def stamp(self, files: Mapping[str, bytes]) -> str:
        """A fingerprint of a hand-in and of all that it is graded with."""
        how = json.dumps([self.sandboxed, self.limits], sort_keys=True)
        return handin.stamp(files, self.release, self.solution, handin.grader_path(self.name), how=how)

    def record(self, student: str) -> dict[str, Any]:
        """What is recorded of a student; empty if nothing is."""
        try:
            return json.loads((self.records / f"{student}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}


# One hand-in, in a process of its own ---------------------------------------------------------------------------------


def grade_one(course: Course, files: Mapping[str, bytes]) -> Graded:
    """Grade one hand-in: a function of its files and of the course's, that writes nothing.

    Raises:
        GraderError: if a grader is broken.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    start = handin.starter(course.sandboxed, course.limits, str(course.root))
    reference = handin.reference_of(course.solution, start)
    taken = take_in(course, files)
    teachers = intake.released_cells(handin.notebook_at(course.solution))
    for cell in taken.notebook.cells:  # with the hidden tests, as nbgrader puts them in
        meta = cell.metadata.get("nbgrader", {})
        if meta.get("grade") and not meta.get("solution"):
            cell.source = teachers[meta["grade_id"]]["source"]
    graded = handin.grade(taken.notebook, reference, start, taken.notes, taken.problem)
    graded.record["stamp"] = course.stamp(files)
    return graded


def take_in(course: Course, files: Mapping[str, bytes]) -> intake.Intake:
    """The intake of one hand-in."""
    return intake.take_in(files, course.name, handin.notebook_at(course.release))


def _prepare(course: Course) -> None:
    """Make what every hand-in needs, before processes are forked: the grader and the model solution's results."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    load_grader(course.name)
    start = functools.partial(
        Worker, sandbox.Limits(**course.limits), sandboxed=course.sandboxed, hide=(course.root,)
    )  # not forked: a warm process of this one would serve nobody else
    handin.reference_of(course.solution, start)


def _pool(workers: int) -> ProcessPoolExecutor:
    how = "fork" if sys.platform.startswith("linux") else "spawn"
    context = multiprocessing.get_context(how)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with, initargs=(os.getpid(),))


def _end_with(parent: int) -> None:
    """End this process when the one that it works for ends, however that ends; its sandboxes then end, too."""
    if sys.platform.startswith("linux"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C is for the one that writes
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it has ended already
            os._exit(1)


def grade_many(course: Course, students: Sequence[str], workers: int) -> Iterator[tuple[str, Graded | Exception]]:
    """Grade hand-ins in several processes; each is given as soon as it is done, whatever became of it.

    When a process of ours dies, nobody knows which of the hand-ins in work was the reason. Each of these is then tried
    once more, alone.
    """
    queue, suspects = list(students), []
    while queue:
        with _pool(min(workers, len(queue))) as pool:
            running: dict[Future, str] = {}
            broken = False
            while not broken and (queue or running):
                while not broken and queue and len(running) < workers + 1:
                    files = intake.files_of(course.submitted(queue[0]))
                    try:
                        running[pool.submit(grade_one, course, files)] = queue[0]
                        del queue[0]
                    except BrokenProcessPool:
                        broken = True
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    student, error = running.pop(future), future.exception()
                    if isinstance(error, BrokenProcessPool):
                        broken = True
                        suspects.append(student)
                    else:
                        yield student, error or future.result()
            for future, student in running.items():  # a result that came before the end is one
                if future.done() and future.exception() is None:
                    yield student, future.result()
                else:
                    suspects.append(student)
    for student in suspects:
        with _pool(1) as pool:
            future = pool.submit(grade_one, course, intake.files_of(course.submitted(student)))
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                yield student, _gave_up(course, intake.files_of(course.submitted(student)))
            else:
                yield student, error or future.result()


def _gave_up(course: Course, files: Mapping[str, bytes]) -> Graded:
    """The result of a hand-in that ends our own process, alone and again: no points, and a teacher should look."""
    taken = take_in(course, files)
    message = "the process that graded this hand-in ended twice"
    graded = handin.without_points(taken.notebook, [*taken.notes, message], taken.problem, message)
    graded.record["stamp"] = course.stamp(files)
    return graded


# The gradebook --------------------------------------------------------------------------------------------------------


class Writer:
    """Hands results to nbgrader's own steps, one after the other.

    Args:
        course: the course.
        config: its nbgrader configuration.
    """

    def __init__(self, course: Course, config: Any):
        self.course, self.config = course, config
        config.CourseDirectory.root = str(course.root)
        config.CourseDirectory.submitted_directory = STAGE
        config.CourseDirectory.assignment_id = course.name
        config.SettleCells.trusted = True
        config.GradeOutside.sandbox = course.sandboxed
        self.url = config.CourseDirectory.db_url = gradebook_url(course.root, config, course.db)

    def write(self, student: str, graded: Graded, taken: intake.Intake) -> None:
        """Write one result into gradebook, ``autograded/`` and ``graded/``.

        Raises:
            GraderError: if nbgrader refuses it.
        """
        from nbgrader.converters import Autograde
        from nbgrader.coursedir import CourseDirectory

        from coursekit.autograde import GradeOutside

        # Until everything else is written there is no record: a run that is killed here is taken up here.
        (self.course.records / f"{student}.json").unlink(missing_ok=True)
        self._stage(student, taken)
        self.config.CourseDirectory.student_id = student
        GradeOutside.prepared[student] = graded
        converter = Autograde(coursedir=CourseDirectory(config=self.config), config=self.config)
        converter.force = True
        causes = Causes()
        converter.log.addHandler(causes)
        try:
            converter.start()
        except (Exception, SystemExit) as error:
            why = without_secrets(causes.last or str(error), self.url)
            raise GraderError(f"nbgrader could not write the result: {why}") from error
        finally:
            converter.log.removeHandler(causes)
            GradeOutside.prepared.pop(student, None)
        handin.save_record(self.course.records.parent, self.course.name, student, graded.record)

    def _stage(self, student: str, taken: intake.Intake) -> None:
        """The settled copy that nbgrader reads; what the student handed in stays as it is."""
        folder = self.course.root / STAGE / student / self.course.name
        folder.mkdir(parents=True, exist_ok=True)
        nb = nbformat.from_dict(taken.notebook)
        nb.metadata["coursekit-intake"] = {"notes": taken.notes, "problem": taken.problem}
        nbformat.write(nb, folder / f"{self.course.name}.ipynb")
        stamp, copied = self.course.submitted(student) / "timestamp.txt", folder / "timestamp.txt"
        copied.unlink(missing_ok=True)
        if stamp.is_file() and not stamp.is_symlink():
            copied.write_bytes(stamp.read_bytes()[:200])


def grade(
    course: Course, config: Any, only: str = "", workers: int = 0, force: bool = False, scheduler: str = ""
) -> dict[str, Any]:
    """Grade the hand-ins of an assignment, with a progress bar.

    Args:
        course: the course.
        config: its nbgrader configuration.
        only: one student; everybody if empty.
        workers: how many at a time; as many as there are cores if 0.
        force: grade again what has not changed, too.
        scheduler: the address of a Dask cluster that grades; this machine if empty.

    Returns:
        The records by student, who was ``skipped``, and who is ``ungraded`` and why.

    Raises:
        CommandError: if grading cannot begin.
        GraderError: if the model solution does not pass.
    """
    students = [only] if only else course.students()
    unknown = [student for student in students if student not in course.students()]
    if unknown or not students:
        raise CommandError(f"there is no hand-in in submitted/{only or '*'}/{course.name}/")
    ungraded = {repr(student): why for student in students if (why := no_student(student))}
    students = [student for student in students if not no_student(student)]
    written = _in_gradebook(course, config)
    stamps = {student: course.stamp(intake.files_of(course.submitted(student))) for student in students}
    fresh = [s for s in students if force or s not in written or course.record(s).get("stamp") != stamps[s]]
    if scheduler:
        from coursekit.grading import cluster

        results = cluster.grade_many(course, fresh, scheduler)
    else:
        if fresh:
            _prepare(course)
        results = grade_many(course, fresh, workers or os.cpu_count() or 1)
    writer = Writer(course, config)
    with tqdm(total=len(fresh), unit="hand-in", disable=None) as progress:
        for student, result in results:
            try:
                if isinstance(result, Exception):
                    raise result
                writer.write(student, result, take_in(course, intake.files_of(course.submitted(student))))
            except Exception as error:  # nothing that one hand-in does stops the batch
                ungraded[student] = f"{type(error).__name__}: {error}"
                if not isinstance(result, Exception):
                    _in_gradebook(course, config)  # but a gradebook that is gone does
            progress.update()
    skipped = [student for student in students if student not in fresh]
    return {"records": {s: course.record(s) for s in students}, "skipped": skipped, "ungraded": ungraded}


def gradebook_url(course_root: Path, config: Any, db: str = "") -> str:
    """The address of the gradebook: the one given, the configured one, or nbgrader's own."""
    return patient(db or config.CourseDirectory.get("db_url") or f"sqlite:///{course_root / 'gradebook.db'}")


def no_student(name: str) -> str:
    """Why the name of a folder is no student's id, in a sentence; empty if it is one."""
    if not name.isprintable() or name != unicodedata.normalize("NFC", name.strip()):
        return "the name of the folder has characters that cannot be seen, or can be written in two ways"
    if set(name) & set("*?[]{}\\") or name.startswith((".", "-")):
        return "nbgrader takes the name of the folder for a pattern"
    return ""


def _in_gradebook(course: Course, config: Any) -> set[str]:
    """The students who have an automatic score for every cell.

    Raises:
        CommandError: where the gradebook does not know the assignment, since nothing could be written.
    """
    from nbgrader.api import Grade, MissingEntry, SubmittedAssignment, SubmittedNotebook

    with opened(gradebook_url(course.root, config, course.db)) as gradebook:
        try:
            assignment = gradebook.find_assignment(course.name)
        except MissingEntry:
            first = f"nbgrader generate_assignment {course.name} --force{' --db=…' if course.db else ''}"
            raise CommandError(f"the gradebook does not know {course.name} yet; run this first: {first}") from None
        cells = (
            gradebook.db.query(SubmittedAssignment.student_id, Grade.auto_score)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .filter(SubmittedAssignment.assignment_id == assignment.id)
            .all()
        )
    return {student for student, _ in cells} - {student for student, score in cells if score is None}


@contextlib.contextmanager
def alone(course: Course) -> Iterator[None]:
    """Refuse to grade an assignment that is being graded: two writers would get into each other's way.

    Raises:
        CommandError: if another process does.
    """
    course.records.mkdir(parents=True, exist_ok=True)
    with (course.records / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(f"{course.name} is being graded by another process; wait for its end") from None
        yield


def summary(result: Mapping[str, Any]) -> str:
    """What the teacher reads at the end."""
    records = {s: r for s, r in result["records"].items() if r and s not in result["ungraded"]}
    outcomes = Counter(task["outcome"] for record in records.values() for task in record["tasks"].values())
    points = sorted(record["points"] for record in records.values())
    lines = [f"{len(records)} graded, {len(result['skipped'])} of them unchanged, {len(result['ungraded'])} ungraded"]
    if points:
        possible = next(iter(records.values()))["max_points"]
        middle = f"mean {mean(points):.2f}, median {median(points):g}"
        lines.append(f"points: {middle}, from {points[0]:g} to {points[-1]:g} of {possible:g}")
    lines.append("tasks: " + ", ".join(f"{outcomes[o]} {o}" for o in OUTCOMES if outcomes[o]))
    for student, record in sorted(records.items()):
        told = [*([f"no notebook: {record['problem']}"] if record["problem"] else []), *record["notes"]]
        odd = {task: r["outcome"] for task, r in record["tasks"].items() if r["outcome"] in list(OUTCOMES)[5:]}
        told += [f"{task}: {outcome}" for task, outcome in odd.items()]
        lines += [f"  {student}: {note}" for note in told]
    lines += [f"  {student}: UNGRADED: {why}" for student, why in sorted(result["ungraded"].items())]
    return "\n".join("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line) for line in lines)


# The command line -----------------------------------------------------------------------------------------------------


def load_config(root: Path) -> Any:
    """The nbgrader configuration of a course.

    Raises:
        CommandError: if there is none.
    """
    from traitlets.config import PyFileConfigLoader

    if not (root / "nbgrader_config.py").is_file():
        raise CommandError(f"{root} has no nbgrader_config.py; run this in the root of the course")
    return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()


def open_course(options: argparse.Namespace) -> tuple[Course, Any]:
    """The course in the current folder.

    Raises:
        CommandError: if it is not ready for grading.
    """
    root = Path.cwd()
    config = load_config(root)
    limits = dict(config.GradeOutside.get("limits", {}))
    sandboxed = not options.no_sandbox and config.GradeOutside.get("sandbox", True)
    course = Course(root, options.name, bool(sandboxed), limits, options.db)
    if not course.release.is_file() or not course.solution.is_file():
        known = sorted(path.parent.name for path in (root / "solutions").glob("*/*.ipynb"))
        raise CommandError(
            f"there is no assignment {options.name!r}; assignments are: {', '.join(known) or 'none yet'}"
        )
    if course.sandboxed and not getattr(options, "scheduler", "") and (why := sandbox.missing()):
        raise CommandError(why)
    return course, config


def _grade(options: argparse.Namespace) -> int:
    course, config = open_course(options)
    course.records.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    log = logging.getLogger("traitlets")
    log.handlers, log.propagate = [logging.FileHandler(course.records / "log.txt", encoding="utf-8")], False
    log.setLevel(logging.WARNING)
    url = gradebook_url(course.root, config, course.db)
    log.handlers[0].addFilter(Discreet(url))
    if not course.sandboxed:
        print("Without a sandbox: the code of students runs with your rights.", file=sys.stderr)
    with alone(course), only_writer(url, course.name):
        result = grade(course, config, options.student, options.workers, options.force, options.scheduler)
    print(summary(result))
    print(f"Records are in {course.records.relative_to(course.root)}/; the class: make report NAME={course.name}")
    return int(bool(result["ungraded"]))


def _report(options: argparse.Namespace) -> int:
    from coursekit.grading import report

    config = load_config(Path.cwd())
    for path in report.write(Path.cwd(), options.name, gradebook_url(Path.cwd(), config, options.db)):
        print(f"wrote {path.relative_to(Path.cwd())}")
    return 0


def _extend(options: argparse.Namespace) -> int:
    warnings.simplefilter("ignore")
    print(extend(*open_course(options), options.student, options.days))
    return 0


def _late(options: argparse.Namespace) -> int:
    options.no_sandbox = True  # nothing runs
    print(late(*open_course(options)))
    return 0


def extend(course: Course, config: Any, student: str, days: float) -> str:
    """Give one student more time, and grade what they handed in anew, since a late penalty may fall away.

    Raises:
        CommandError: if there is nothing to extend.
    """
    from nbgrader.api import MissingEntry

    with opened(gradebook_url(course.root, config, course.db)) as gradebook:
        try:
            if gradebook.find_assignment(course.name).duedate is None:
                raise CommandError(f"{course.name} has no due date; set one with nbgrader db assignment add")
            gradebook.update_or_create_student(student)
            gradebook.update_or_create_submission(course.name, student)
        except MissingEntry as error:
            raise CommandError(f"the gradebook does not know {course.name} yet: {error}") from error
        gradebook.grant_extension(course.name, student, minutes=round(days * 24 * 60))
        due = gradebook.find_submission(course.name, student).duedate
    told = f"{student} may hand in {course.name} until {due:%Y-%m-%d %H:%M} UTC."
    if student not in course.students():
        return told
    with alone(course), only_writer(gradebook_url(course.root, config, course.db), course.name):
        return f"{told}\n{summary(grade(course, config, student, 1, force=True))}"


def late(course: Course, config: Any) -> str:
    """Who handed in late, by how much, and what it costs."""
    with opened(gradebook_url(course.root, config, course.db)) as gradebook:
        lines = [
            f"{submission.student.id}: {submission.total_seconds_late / 3600:.1f} hours late, "
            f"penalty {submission.late_submission_penalty or 0:g} points"
            for submission in gradebook.find_assignment(course.name).submissions
            if submission.total_seconds_late > 0
        ]
    return "\n".join(sorted(lines)) or "Nobody was late."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; gives the exit code: 0 if all went well, 1 if a hand-in is ungraded, 2 if none began."""
    parser = argparse.ArgumentParser(prog="python -m coursekit.grading", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    grading = commands.add_parser("grade", help="grade the hand-ins of an assignment")
    grading.add_argument("--student", default="", help="this one only")
    grading.add_argument("--workers", type=int, default=0, help="hand-ins at a time; default: one a core")
    grading.add_argument("--scheduler", default="", help="grade on the Dask cluster at this address: tcp://host:8786")
    grading.add_argument("--force", action="store_true", help="grade again what has not changed, too")
    grading.add_argument("--no-sandbox", action="store_true", help="run the code of students with your rights")
    reporting = commands.add_parser("report", help="write what the class did, as a page and as tables")
    extending = commands.add_parser("extend", help="give one student more time")
    extending.add_argument("--days", type=float, required=True, help="more than everybody has")
    extending.add_argument("--no-sandbox", action="store_true", help="run the code of students with your rights")
    late_ones = commands.add_parser("late", help="list who handed in late")
    parts = ((grading, _grade), (reporting, _report), (extending, _extend), (late_ones, _late))
    for command, run in parts:
        command.add_argument("name", help="the assignment, e.g. gan")
        command.add_argument("--db", default="", help="address of the gradebook; default: nbgrader's")
        command.set_defaults(run=run)
    extending.add_argument("student", help="who")
    options = parser.parse_args(arguments)
    from coursekit.grading.cluster import ClusterError  # here, since a cluster's worker imports this module

    try:
        return options.run(options)
    except (CommandError, GraderError, GradebookError, ClusterError, sandbox.SandboxError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # as safe as any other end: what is recorded stays, the rest is graded next time
        print("Stopped. The same command goes on from here.", file=sys.stderr, flush=True)
        os._exit(130)

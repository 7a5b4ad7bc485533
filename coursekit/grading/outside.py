"""Grading one notebook: the student's code in a process of its own, every judgement here.

A :class:`Worker` is the student's process as the grader sees it: a question goes in, a checked answer comes out, and
whatever else happens ends the process. :func:`grade_notebook` runs the cells of a hand-in in it, in their order.

- A *hidden* test runs here, through :class:`RemoteStudent`, which has the methods of
  :class:`coursekit.grading.door.Student`. What it expects never enters the student's process.
- A *visible* test runs there, but only notes what the student's functions gave. What they should have given is noted
  beforehand, from the model solution in a process of its own, and the two lists are compared here.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from coursekit.grading import explain, sandbox, wire
from coursekit.grading.door import (
    GraderError,
    Outcome,
    StudentError,
    _inputs,
    out_of_time,
    points_for,
    run_grader,
)
from coursekit.grading.forking import ForkServer
from coursekit.grading.limits import OutOfTime, TimeLimit
from coursekit.grading.outcomes import OUTCOMES, CellResult, outcome_of, task_of
from coursekit.grading.sandbox import Limits

GRACE_SECONDS = 2.0  # a process stops itself when its time is over; one that does not is killed so much later
START_SECONDS = 60.0
MOST_PATIENCE = 4.0
LOOK_SECONDS = 0.2  # between two looks at the memory that is used
GRADER_SECONDS = 120.0  # a grader's own time for one task
MAX_SENTENCE = 600
MAX_OUTPUTS = 8 << 20  # characters that all cells of a notebook show together
MAX_SHOWN = 1000  # outputs of one cell
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
UNKNOWN_FORM = "your process gave an answer of no known form"
KINDS = set(OUTCOMES) - {"passed", "partly passed"}


class WorkerEnded(Exception):
    """The student's process is gone, and why: ``kind`` is one of :data:`coursekit.grading.outcomes.OUTCOMES`."""

    def __init__(self, message: str, kind: str):
        super().__init__(message)
        self.kind = kind


# The student's process ------------------------------------------------------------------------------------------------


class Boxed:
    """A process started in a sandbox, or without one."""

    def __init__(self, popen: subprocess.Popen[bytes]):
        self._popen = popen

    def wait(self, seconds: float = 0.0) -> int:
        """Its exit status; it is killed, with all that it has started, if it does not end in time."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            return self._popen.wait()

    def kill(self) -> None:
        self.wait(0.0)

    def memory(self) -> int:
        """Bytes of memory that it and its descendants have for themselves."""
        return memory_of(self._popen.pid)


class Worker:
    """A process that holds the code of one hand-in.

    Args:
        limits: what it may use.
        sandboxed: whether in a sandbox; without one it is a process with the rights of whoever starts it.
        hide: folders that it must not see, such as the course's.
        server: a warm process to fork it from; without one it starts cold.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        sandboxed: bool = True,
        hide: tuple[Path, ...] = (),
        server: ForkServer | None = None,
    ):
        self.limits = limits or Limits()
        self.ended: WorkerEnded | None = None
        self._number = int.from_bytes(os.urandom(6), "big")
        self._memory_ended, self._looked = False, time.monotonic()
        with tempfile.TemporaryFile() as log:
            if server is None:
                self._process, self._connection = _start("inside", self.limits, sandboxed, hide, log)
            else:
                self._process, self._connection = server.fork(_new_uid())
            try:
                if not self._receive(time.monotonic() + START_SECONDS).get("ready"):
                    raise wire.WireError("no greeting")
            except (WorkerEnded, wire.WireError) as error:
                self.close()
                log.seek(0)
                said = log.read(2000).decode(errors="replace").strip()
                raise sandbox.SandboxError(
                    f"the process for a student's code did not start: {error}. {said}"
                ) from error
            except BaseException:
                self.close()
                raise

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything that it has started."""
        self._connection.close()
        self._process.kill()

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Ask, and wait for the answer.

        Args:
            request: plain values; see :func:`coursekit.grading.inside.answer`.
            seconds: the time that the process gives itself, on a machine with nothing else to do; see
                :func:`patience`. It is killed soon after.

        Returns:
            The answer. Its values are plain, and nothing else is known of them.

        Raises:
            WorkerEnded: if there is none, now or before.
        """
        if self.ended:
            raise self.ended
        self._number += 1
        seconds *= patience()
        content = wire.pack({**request, "number": self._number, "seconds": seconds})
        deadline = time.monotonic() + seconds + GRACE_SECONDS
        try:
            self._tick()  # it may have gone on by itself in the meantime
            self._connection.settimeout(seconds + GRACE_SECONDS)
            self._connection.sendall(content)
            reply = self._receive(deadline)
            number = reply.pop("number", None)
            if type(number) is not int or number != self._number:
                raise wire.WireError("an answer to another question")
        except wire.WireError as error:
            self._end(f"your process sent {error}", "tampered")
        except ConnectionError:
            self._end(*self._why())
        except TimeoutError:
            self._end(f"the code did not stop after {seconds:.3g} s and was ended from outside", "timed out")
        return reply

    def _receive(self, deadline: float) -> dict[str, Any]:
        try:
            return wire.receive(wire.reader(self._connection, deadline, self._tick, LOOK_SECONDS))
        except (EOFError, ConnectionError):
            self._end(*self._why())
        except TimeoutError:
            self._end("the code did not stop in its time and was ended from outside", "timed out")

    def _end(self, message: str, kind: str) -> None:
        self.ended = WorkerEnded(message, kind)
        self.close()
        raise self.ended

    def _why(self) -> tuple[str, str]:
        """Why the process is gone, from its exit status."""
        code = self._process.wait(GRACE_SECONDS)
        number = -code if code < 0 else code - 128
        if self._memory_ended:
            return f"your process used more than {self.limits.memory_bytes >> 20} MiB and was ended", "out of memory"
        if number == signal.SIGXCPU:
            return f"your process computed for more than {self.limits.cpu_seconds} s and was ended", "timed out"
        how = signal.Signals(number).name if number in set(signal.Signals) else f"exit status {code}"
        return f"your process ended in the middle of it ({how})", "crashed"

    def _tick(self) -> None:
        """Look at the memory of the process and its children while it computes."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        if not self._memory_ended and self._process.memory() > self.limits.memory_bytes * 1.25:
            self._memory_ended = True
            self._process.kill()


def patience() -> float:
    """How many times longer than on an idle machine things take here now: nobody may fail for what others compute."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_PATIENCE, max(1.0, os.getloadavg()[0] / cores))


def warm_server(limits: Limits | None = None, hide: tuple[Path, ...] = ()) -> ForkServer | None:
    """A warm process in a sandbox, or ``None`` where none can be had: without root, or without a sandbox."""
    if sandbox.missing() or not sandbox.as_root():
        return None
    with tempfile.TemporaryFile() as log:
        process, connection = _start("forking", limits or Limits(), True, hide, log)
        try:
            return ForkServer(process, connection)
        except (OSError, EOFError, wire.WireError) as error:
            process.kill()
            log.seek(0)
            raise sandbox.SandboxError(
                f"no warm process: {error}. {log.read(2000).decode(errors='replace')}"
            ) from error


_uids = itertools.count()


def _new_uid() -> int:
    """A user id that no other running hand-in has: process ids are not used twice at a time."""
    return sandbox.FIRST_UID + os.getpid() % 5_000_000 * 100 + next(_uids) % 100


def _start(
    module: str, limits: Limits, sandboxed: bool, hide: tuple[Path, ...], log: Any
) -> tuple[Boxed, socket.socket]:
    """Start a module's ``main`` with one end of a pair of sockets; gives the process and the other end."""
    kit = Path(__file__).resolve().parents[1]
    settings = {**asdict(limits), "sandboxed": sandboxed, "uid": 0}
    ours, theirs = socket.socketpair()
    handed = [theirs.fileno()]
    command: list[str] = []
    if sandboxed:
        if why := sandbox.missing():
            raise sandbox.SandboxError(why)
        if sandbox.as_root() and module == "inside":
            settings["uid"] = _new_uid()
        files = [(kit, f"{sandbox.KIT}/coursekit"), *((p, f"/tmp/matplotlib/{p.name}") for p in _font_lists())]
        forks = module == "forking"
        command = sandbox.box(sandbox.python_folders(), hide, files, limits.folder_bytes, forks=forks)
        if not forks and (program := sandbox.seccomp_filter()):
            handed.append(_memory_file(program))
            command += ["--seccomp", str(handed[-1])]
        command.append("--")
    command += [sys.executable, "-c", f"from coursekit.grading.{module} import main; main()", str(handed[0])]
    command += [json.dumps(settings)]
    try:
        popen = subprocess.Popen(
            command,
            pass_fds=handed,
            env=sandbox.environment(sandboxed, kit.parent),
            cwd="/" if sandboxed else None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        theirs.close()
        for descriptor in handed[1:]:
            os.close(descriptor)
    return Boxed(popen), ours


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("filter")
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _font_lists() -> list[Path]:
    """What Matplotlib knows of this machine's fonts; without it, its import takes seconds in every sandbox."""
    import matplotlib as mpl

    folder = Path(mpl.get_cachedir())
    if not (found := sorted(folder.glob("fontlist-*.json"))):
        found = sorted(folder.glob("fontlist-*.json"))
    return found


def memory_of(pid: int) -> int:
    """Bytes of memory that a process and its descendants take together, files apart. Linux only; 0 elsewhere.

    What several of them share, as a forked process does with its parent, counts once.
    """
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir() if sys.platform.startswith("linux") else ():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError):  # a process may end while it is looked at
                parent = int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    total, waiting = 0, [pid]
    while waiting:
        current = waiting.pop()
        waiting += children.get(current, [])
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in Path(f"/proc/{current}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1]) << 10
    return total


# The door, from outside -----------------------------------------------------------------------------------------------


class RemoteStudent:
    """The student's code as a grader sees it, in another process: the same methods as ``Student``.

    Args:
        worker: the process.
        task_seconds: time limit of all calls together; the worker's own if 0.
    """

    def __init__(self, worker: Worker, task_seconds: float = 0.0):
        self._worker = worker
        self._call_seconds = worker.limits.call_seconds
        self._left_seconds = task_seconds or worker.limits.task_seconds
        self.errors: list[StudentError] = []

    def call(self, name: str, /, *args: object, **kwargs: object) -> Any:
        """As :meth:`coursekit.grading.door.Student.call`."""
        arguments, keywords = _inputs(list(args)), _inputs(kwargs)
        return self._ask(f"{name}(…)", {"do": "call", "name": name, "arguments": arguments, "keywords": keywords})

    def run(self, snippet: str, /, **inputs: object) -> Any:
        """As :meth:`coursekit.grading.door.Student.run`."""
        values = _inputs(inputs)
        try:
            tree = compile(snippet, "<grader's snippet>", "exec", ast.PyCF_ONLY_AST)
        except SyntaxError as error:
            raise GraderError(f"the grader's snippet is no Python: {error}") from error
        if not any(isinstance(node, ast.Name) and node.id == "result" for node in ast.walk(tree)):
            raise GraderError("the grader's snippet assigns no result")
        return self._ask("your code", {"do": "run", "snippet": snippet, "inputs": values})

    def _ask(self, what: str, request: dict[str, Any]) -> Any:
        seconds = min(self._call_seconds, self._left_seconds)
        start = time.monotonic()
        try:
            if seconds <= 0:
                raise out_of_time(what)
            reply = self._worker.ask(request, seconds)
            if "value" in reply and len(reply) == 1:
                return reply["value"]
            raise _told(reply)
        except WorkerEnded as ended:
            error = StudentError(f"{what}: {ended}", kind=ended.kind)
        except StudentError as told:
            error = told
        finally:
            self._left_seconds -= (time.monotonic() - start) / patience()
        self.errors.append(error)
        raise error


def _told(reply: Mapping[str, Any]) -> StudentError:
    """The failure that a student's process tells of, if it tells of one in the agreed words."""
    message, raised, kind = reply.get("error"), reply.get("raised"), reply.get("kind")
    names = isinstance(raised, list) and len(raised) <= 100 and all(isinstance(name, str) for name in raised)
    if isinstance(message, str) and names and isinstance(kind, str) and kind in KINDS:
        return StudentError(wire.text(message[:MAX_SENTENCE]), raised, kind)
    return StudentError(UNKNOWN_FORM, kind="tampered")


# Graded cells ---------------------------------------------------------------------------------------------------------


def hidden_call(source: str) -> tuple[str, str] | None:
    """Assignment and task of a test cell that ends with ``hidden(…)``; ``None`` for any other cell."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if isinstance(last, ast.Call) and isinstance(last.func, ast.Name) and last.func.id == "hidden":
        names = [argument.value for argument in last.args if isinstance(argument, ast.Constant)]
        if len(names) == 2 and all(isinstance(name, str) for name in names):
            return names[0], names[1]
    return None


def grade_hidden(worker: Worker, grade_id: str, call: tuple[str, str], points: float, sound: Callable) -> CellResult:
    """Run the hidden tests of one task.

    Args:
        worker: the student's process.
        grade_id: the name of the cell.
        call: assignment and task.
        points: of the cell.
        sound: tells whether this grader works on the model solution; asked only where it does not on the student's.

    Raises:
        GraderError: if the grader itself is broken.
    """
    student = RemoteStudent(worker)
    try:
        with TimeLimit(GRADER_SECONDS):
            outcomes = run_grader(*call, student)
    except (GraderError, OutOfTime) as error:
        if isinstance(error, OutOfTime):  # the question that it was about is still open
            worker.close()
            worker.ended = WorkerEnded("the tests of another task had to be stopped", "timed out")
        if not sound(*call):
            raise
        message = "your code gave something that the tests cannot make sense of"
        outcomes = [Outcome("the tests", False, message)]
        student.errors.append(StudentError(message, kind="tampered"))
    kinds = [
        error.kind for error in student.errors for o in outcomes if not o.passed and str(error) in (o.message or "")
    ]
    kinds += [worker.ended.kind] if worker.ended else []
    kinds += ["tampered" for error in student.errors if error.kind == "tampered"]
    tests = [{"name": o.name, "passed": o.passed, "message": wire.text(o.message)[:MAX_SENTENCE]} for o in outcomes]
    # Half an answer of a process that sent nonsense is worth nothing.
    got = 0.0 if "tampered" in kinds else points_for(outcomes, points)
    return CellResult(grade_id, got, points, outcome_of(got, points, kinds), tests)


def grade_visible(worker: Worker, grade_id: str, source: str, points: float, reference: dict[str, Any]) -> CellResult:
    """Run one visible test and compare what it saw with what the model solution gave."""
    try:
        reply = worker.ask({"do": "visible", "source": source}, worker.limits.task_seconds)
        said = wire.text(reply["text"]) if isinstance(reply.get("text"), str) else ""
        try:
            problem = compared(reference["records"], reply)
        except Exception:  # whatever else than records was sent in their place
            problem = UNKNOWN_FORM, "tampered"
    except WorkerEnded as ended:
        problem, said = (str(ended), ended.kind), ""
    title = reference["title"] or grade_id
    if problem is None:
        return CellResult(grade_id, points, points, "passed", [_test(title, True)] * len(reference["records"]), said)
    return CellResult(grade_id, 0.0, points, problem[1], [_test(title, False, problem[0])], said)


def _test(name: str, passed: bool, message: str = "") -> dict[str, Any]:
    return {"name": name, "passed": passed, "message": wire.text(message)[:MAX_SENTENCE]}


def compared(expected: list[dict[str, Any]], reply: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first difference between what a visible test saw and what it should have seen.

    Args:
        expected: the records of the model solution.
        reply: what the student's process says that it saw.

    Returns:
        A sentence and an outcome, or ``None`` if there is no difference.
    """
    records, error = reply.get("records"), reply.get("error")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return UNKNOWN_FORM, "tampered"
    for wanted, got in zip(expected, records, strict=False):
        if (got.get("kind"), wanted["kind"]) != (wanted["kind"], got.get("kind")):
            return "your process reports another test than the one that ran", "tampered"
        if (message := _difference(wanted, got)) is not None:
            return message, "failed"
    if isinstance(error, dict) and isinstance(error.get("message"), str) and error.get("kind") in KINDS:
        return error["message"], error["kind"]
    if error is not None or len(records) != len(expected):
        return "your process reports another number of tests than those that ran", "tampered"
    return None


def _difference(wanted: dict[str, Any], got: dict[str, Any]) -> str | None:
    """The sentence of one failed test, judged here; ``None`` if it passed."""
    if wanted["kind"] != "close":
        if got.get("ok") is True:
            return None
        message = got.get("message")
        return message if isinstance(message, str) and message else f"{wanted['what']}: this does not hold"
    if "got" not in got:
        return f"{wanted['what']}: got {got.get('bad')!s:.200}"
    value, expected, mistakes = got["got"], wanted["expected"], wanted["mistakes"]
    if wanted.get("dependent"):
        expected, mistakes = got.get("expected"), {}
    if isinstance(value, list) and got.get("sequence") == "" and isinstance(expected, int | float):
        got = {**got, "sequence": "list"}
    if got.get("sequence") in ("list", "tuple") and isinstance(expected, int | float):
        count = len(value) if isinstance(value, list) else 1
        return f"{wanted['what']}: expected one number, got {count} values in a {got['sequence']}"
    try:
        explain.expect_close(wanted["what"], value, expected, wanted["tol"], hint=wanted["hint"], mistakes=mistakes)
    except AssertionError as error:
        return str(error)
    except (ValueError, TypeError, OverflowError):
        return f"{wanted['what']}: got something that cannot be compared with numbers"
    return None


# Notebooks ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """What the model solution of an assignment gives: for each visible test its title and records.

    Attributes:
        visible: by grade id.
        sound: whether the grader of a task works on the model solution.
        modules: what the model solution has imported.
    """

    visible: dict[str, dict[str, Any]]
    sound: Callable[[str, str], bool]
    modules: list[str] = field(default_factory=list)


def grade_meta(cell: NotebookNode) -> dict[str, Any]:
    """nbgrader's metadata of a cell that gives points automatically; empty for any other cell."""
    meta = cell.metadata.get("nbgrader", {})
    return meta if cell.cell_type == "code" and meta.get("grade") and not meta.get("solution") else {}


def make_reference(solution: NotebookNode, start: Callable[[], Worker]) -> Reference:
    """Run a model solution and note what its visible tests expect.

    Args:
        solution: the teacher's notebook.
        start: starts a process.

    Raises:
        GraderError: if a visible test fails on the model solution.
    """
    visible: dict[str, dict[str, Any]] = {}
    with start() as worker:
        for cell in solution.cells:
            meta = grade_meta(cell)
            if cell.cell_type != "code" or (meta and hidden_call(cell.source)):
                continue
            try:
                if not meta:
                    worker.ask({"do": "cell", "source": cell.source}, worker.limits.cell_seconds)
                    continue
                reply = worker.ask({"do": "visible", "source": cell.source}, worker.limits.task_seconds)
            except WorkerEnded as error:
                raise GraderError(f"the model solution does not run: {error}") from error
            if reply.get("error") or compared(reply["records"], reply):
                raise GraderError(f"the visible test {meta['grade_id']} fails on the model solution: {reply['error']}")
            records = _with_dependence(worker, cell.source, reply["records"])
            visible[meta["grade_id"]] = {"source": cell.source, "title": reply["title"], "records": records}
        seen = worker.ask(
            {"do": "run", "snippet": "import sys\nresult = sorted(sys.modules)", "inputs": {}},
            worker.limits.task_seconds,
        )

    @functools.cache
    def sound(assignment: str, task: str) -> bool:
        with start() as worker:
            for cell in solution.cells:
                if cell.cell_type == "code" and not grade_meta(cell):
                    worker.ask({"do": "cell", "source": cell.source}, worker.limits.cell_seconds)
            try:
                run_grader(assignment, task, RemoteStudent(worker, task_seconds=GRADER_SECONDS))
            except GraderError:
                return False
            return True

    return Reference(visible, sound, [name for name in seen.get("value", []) if isinstance(name, str)])


def _with_dependence(worker: Worker, source: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records of a visible test, and of each whether its expected value is made of the function's own results.

    Such a value is another one for another right answer, as with random samples. It is then taken from the student's
    process, like the answer to a yes-or-no question.
    """
    found = [{**record, "dependent": False} for record in records]
    for kind in ("float", "int"):
        changed = worker.ask({"do": "visible", "source": source, "perturb": kind}, worker.limits.task_seconds)[
            "records"
        ]
        for record, other in zip(found, changed, strict=False):
            if record["kind"] != other["kind"]:
                break  # the test took another way from here on
            if record["kind"] == "close" and not _same(record["expected"], other.get("expected")):
                record["dependent"] = True
    return found


def _same(left: Any, right: Any) -> bool:
    try:
        return np.array_equal(np.asarray(left, float), np.asarray(right, float), equal_nan=True)
    except (TypeError, ValueError):
        return False


def grade_notebook(nb: NotebookNode, reference: Reference, start: Callable[[], Worker]) -> list[CellResult]:
    """Run a settled notebook, and write into each graded cell what it got.

    A cell that ends the student's process gets its outcome, and the others run again in a fresh process without it.

    Args:
        nb: the notebook; the outputs of its cells are replaced.
        reference: of the model solution.
        start: starts a process.

    Returns:
        A result for each graded cell, in their order.

    Raises:
        GraderError: if a grader is broken, and the hand-in must stay ungraded.
    """
    ended: set[int] = set()  # cells that ended a process
    results: dict[int, CellResult] = {}
    deadline: float | None = None
    while True:
        with start() as worker:
            deadline = deadline or time.monotonic() + worker.limits.notebook_seconds * patience()
            room = MAX_OUTPUTS
            for index, cell in enumerate(nb.cells):
                if cell.cell_type != "code" or index in ended:
                    continue
                left = deadline - time.monotonic()
                result = _cell(worker, cell, reference, left)
                if isinstance(result, CellResult):
                    results[index] = result
                    _write(cell, result)
                else:
                    cell.outputs, room = _fitting(result, room)
                if worker.ended or left <= 0:
                    ended.add(index)
                if worker.ended:
                    break
            else:
                return [results[index] for index in sorted(results)]


def crashed(nb: NotebookNode, message: str) -> list[CellResult]:
    """Write no points into each graded cell of a notebook; gives the results."""
    results = []
    for cell in nb.cells:
        if meta := grade_meta(cell):
            task, points = task_of(meta["grade_id"]), float(meta["points"])
            results.append(CellResult(meta["grade_id"], 0.0, points, "crashed", [_test(task, False, message)]))
            _write(cell, results[-1])
    return results


def _fitting(outputs: list[NotebookNode], room: int) -> tuple[list[NotebookNode], int]:
    """The outputs of a cell if there is room, and the room behind them: many cells must not fill a teacher's disk."""
    room -= sum(len(json.dumps(output)) for output in outputs)
    if room >= 0:
        return outputs, room
    return [_error("OutputLimit", "The notebook shows too much; the outputs from here on are left out.")], 0


def _cell(worker: Worker, cell: NotebookNode, reference: Reference, left: float) -> CellResult | list[NotebookNode]:
    """One cell: a result for a graded one, outputs for any other."""
    meta = grade_meta(cell)
    if not meta:
        if left <= 0:
            return [_error("CellTimeoutError", "The time for the whole notebook was over before this cell.")]
        return _outputs(worker, cell, min(left, worker.limits.cell_seconds))
    grade_id, points = meta["grade_id"], float(meta["points"])
    if left <= 0:
        message = "the time for the whole notebook was over"
        return CellResult(grade_id, 0.0, points, "timed out", [_test(task_of(grade_id), False, message)])
    if (call := hidden_call(cell.source)) is not None:
        return grade_hidden(worker, grade_id, call, points, reference.sound)
    known = reference.visible.get(grade_id)
    if known is None or known["source"].strip() != cell.source.strip():
        raise GraderError(
            f"the test cell {grade_id} is not the one of the model solution; run nbgrader generate_assignment again"
        )
    return grade_visible(worker, grade_id, known["source"], points, known)


def _outputs(worker: Worker, cell: NotebookNode, seconds: float) -> list[NotebookNode]:
    """Run an ordinary cell; what its process claims to have shown becomes outputs if it has their form."""
    try:
        shown = worker.ask({"do": "cell", "source": cell.source}, seconds).get("outputs")
    except WorkerEnded as ended:
        text = f"The kernel died or hung in this cell: {ended}. It was left out, and the other cells were run."
        return [_error("KernelEnded", text)]
    items = shown[:MAX_SHOWN] if isinstance(shown, list) else []
    return [output for item in items if (output := _output(item)) is not None]


def _output(item: Any) -> NotebookNode | None:
    """One output, if it is text or a picture; never a page or a script, which would run where a teacher reads it."""
    if not isinstance(item, dict):
        return None
    strings = {key: wire.text(value) for key, value in item.items() if isinstance(value, str)}
    kind = strings.get("output_type")
    if kind == "stream" and {"name", "text"} <= set(strings) and strings["name"] in ("stdout", "stderr"):
        return new_output("stream", name=strings["name"], text=strings["text"])
    if kind == "error" and {"ename", "evalue"} <= set(strings):
        lines = item.get("traceback")
        return _error(strings["ename"], strings["evalue"], lines if isinstance(lines, list) else [])
    if kind in ("display_data", "execute_result") and isinstance(item.get("data"), dict):
        shown = ("text/plain", "image/png", "image/jpeg")
        data = {mime: wire.text(t) for mime, t in item["data"].items() if mime in shown and isinstance(t, str)}
        data = {mime: text for mime, text in data.items() if mime == "text/plain" or BASE64.fullmatch(text)}
        return new_output("display_data", data=data) if data else None
    return None


def _error(name: str, message: str, lines: list[Any] | None = None) -> NotebookNode:
    traceback = [wire.text(line) for line in lines or [] if isinstance(line, str)] or [f"{name}: {message}"]
    return new_output("error", ename=name, evalue=message, traceback=traceback)


def _write(cell: NotebookNode, result: CellResult) -> None:
    """What nbgrader reads the points from, and the student the reasons."""
    cell.outputs = [
        new_output("stream", name="stdout", text=result.text()),
        new_output("execute_result", data={"text/plain": repr(float(result.points))}, execution_count=1),
    ]

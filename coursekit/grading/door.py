"""The narrow door to a student's code, and the hidden tests that stand in front of it."""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import sys
import time
import traceback
import types
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.grading import values
from coursekit.grading.limits import CALL_SECONDS, TASK_SECONDS, OutOfTime, TimeLimit, silence
from coursekit.grading.values import plain


class GraderError(RuntimeError):
    """The grader itself is broken: it is missing, it crashed, or its outcomes make no sense. No student's fault."""


class StudentError(Exception):
    """A student's function was missing, raised, ran out of time, or gave something that is no plain value.

    Attributes:
        raised: the names of the exception's classes, most special first, if the student's code raised; else empty.
        kind: what happened, in the words of :data:`coursekit.grading.outcomes.OUTCOMES`.
    """

    def __init__(self, message: str, raised: Sequence[str] = (), kind: str = "raised"):
        super().__init__(message)
        self.raised = tuple(raised)
        self.kind = kind


@dataclass(frozen=True)
class Outcome:
    """What one hidden test found.

    Attributes:
        name: what was tested, in a few words.
        passed: whether it passed.
        message: one sentence for the student; read only where the test failed.
        weight: the test's share of the task's points, relative to the task's other tests.
    """

    name: str
    passed: bool
    message: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        if type(self.passed) is not bool:
            raise GraderError(f"outcome {self.name!r}: passed must be a bool, not {self.passed!r}")
        if not (isinstance(self.weight, int | float) and math.isfinite(self.weight) and self.weight > 0):
            raise GraderError(f"outcome {self.name!r}: the weight must be a positive number, not {self.weight!r}")


# The narrow door ------------------------------------------------------------------------------------------------------


class Student:
    """The student's code as a grader sees it: names to call and snippets to run, with plain values in and out.

    Args:
        namespace: the global names of the student's notebook.
        call_seconds: time limit of one call.
        task_seconds: time limit of all calls together.

    The code runs in this process. A grader cannot tell, and must not rely on it.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        *,
        call_seconds: float = CALL_SECONDS,
        task_seconds: float = TASK_SECONDS,
    ):
        self._namespace = namespace
        self._call_seconds = call_seconds
        self._left_seconds = task_seconds

    def call(self, name: str, /, *args: object, **kwargs: object) -> Any:
        """Call the student's function ``name`` with plain values.

        Returns:
            What it returned, as a plain value (see :func:`plain`).

        Raises:
            StudentError: if there is no such function, it raised, ran out of time, or returned no plain value.
            GraderError: if an argument is no plain value.
        """
        arguments, keywords = _inputs(list(args)), _inputs(kwargs)
        function = self._namespace.get(name)
        if function is None:
            raise StudentError(f"there is no function {name}", kind="missing")
        if not callable(function):
            raise StudentError(f"{name} is no function but a {type(function).__name__}", kind="failed")
        return self._answer(f"{name}(…)", lambda: function(*arguments, **keywords))

    def run(self, snippet: str, /, **inputs: object) -> Any:
        """Run a snippet of the grader's beside the student's code, where objects are needed.

        The snippet sees the student's functions and the inputs by their names, imports what it needs,
        and assigns its answer, a plain value, to ``result``. What it assigns does not reach the student's code.

        Returns:
            ``result`` as a plain value.

        Raises:
            StudentError: as :meth:`call`, for whatever the student's code or its use in the snippet raises.
            GraderError: if an input is no plain value, or the snippet is no Python or assigns no ``result``.
        """
        values = _inputs(inputs)
        try:
            code = compile(snippet, "<grader's snippet>", "exec")
        except SyntaxError as error:
            raise GraderError(f"the grader's snippet is no Python: {error}") from error

        def execute() -> object:
            scope = {**self._namespace, **values}
            scope.pop("result", None)
            exec(code, scope)
            if "result" not in scope:
                raise GraderError("the grader's snippet assigns no result")
            return scope["result"]

        return self._answer("your code", execute)

    def _answer(self, what: str, compute: Callable[[], object]) -> Any:
        seconds = min(self._call_seconds, self._left_seconds)
        if seconds <= 0:
            raise out_of_time(what)
        start = time.monotonic()
        try:
            with silence(), grad_enabled(), TimeLimit(seconds):
                return plain(compute())
        except (GraderError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit, too: a student's exit() ends this call and no more
            raise student_error(what, error, seconds) from None
        finally:
            self._left_seconds -= time.monotonic() - start


def out_of_time(what: str) -> StudentError:
    """For a call that is not made any more."""
    return StudentError(f"{what} was not tried, since the time for this task is over", kind="timed out")


def student_error(what: str, error: BaseException, seconds: float) -> StudentError:
    """An exception out of a student's code as a sentence, with its kind.

    Args:
        what: what was tried, e.g. ``"f(…)"``.
        error: what was raised.
        seconds: the time limit that held.
    """
    if isinstance(error, OutOfTime):
        message = f"{what} gave no result within {seconds:.2g} s; is there a loop that never ends?"
        return StudentError(message, kind="timed out")
    if isinstance(error, NotImplementedError):
        return StudentError(f"{what} is not written yet (NotImplementedError)", _classes(error), "missing")
    if isinstance(error, TypeError | ValueError) and _raised_by_plain(error):
        return StudentError(f"{what} returned {error}", kind="failed")
    memory = isinstance(error, MemoryError) or "can't allocate memory" in str(error)
    return StudentError(_raised(what, error), _classes(error), "out of memory" if memory else "raised")


def _inputs(values: Any) -> Any:
    try:
        return plain(values)
    except (TypeError, ValueError) as error:
        raise GraderError(f"the grader passes {error}") from error


@contextlib.contextmanager
def grad_enabled() -> Iterator[None]:
    """Gradients on, whatever the notebook has switched off; without importing torch where nobody uses it."""
    torch = sys.modules.get("torch")
    with torch.enable_grad() if torch is not None else contextlib.nullcontext():
        yield


def _classes(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _raised(what: str, error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{what} raised {type(error).__name__}" + (f": {lines[0][:160]}" if lines else "")


def _raised_by_plain(error: BaseException) -> bool:
    """Whether the innermost frame is the conversion of the result, and not the student's code."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and frames[-1].name in ("_plain", "_plain_array") and frames[-1].filename == values.__file__


# Hidden tests ---------------------------------------------------------------------------------------------------------

Grader = Callable[[Student, np.random.Generator], list[Outcome]]


def outcome(name: str, test: Callable[[], None], weight: float = 1.0) -> Outcome:
    """Run one hidden test and say what came out.

    Args:
        name: what is tested, in a few words.
        test: a function that calls the student's code and the ``expect_…`` functions.
        weight: the test's share of the points.

    Returns:
        A failed outcome if the test raised :class:`StudentError` or ``AssertionError``. Other exceptions are
        the grader's own and pass through.
    """
    try:
        test()
    except (StudentError, AssertionError) as error:
        return Outcome(name, False, str(error), weight)
    return Outcome(name, True, "", weight)


def graders_directory() -> Path:
    """Where the hidden tests are: ``COURSEKIT_GRADERS``, or ``tests/graders`` beside this package."""
    override = os.environ.get("COURSEKIT_GRADERS")
    return Path(override) if override else Path(__file__).resolve().parents[2] / "tests" / "graders"


def load_grader(assignment: str) -> types.ModuleType:
    """Load ``<graders_directory>/<assignment>.py``, from any working folder, afresh if the file has changed.

    Raises:
        GraderError: if there is no such file, or it cannot be imported.
    """
    path = graders_directory() / f"{assignment}.py"
    try:
        stamp = (str(path), path.stat().st_mtime_ns)
    except OSError:
        raise GraderError(
            f"there is no grader {path.name} in {path.parent}; set COURSEKIT_GRADERS to the folder that has it"
        ) from None
    if stamp not in _loaded:
        spec = importlib.util.spec_from_file_location(f"_coursekit_grader_{assignment}", path)
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise GraderError(f"the grader {path.name} cannot be imported: {type(error).__name__}: {error}") from error
        _loaded[stamp] = module
    return _loaded[stamp]


_loaded: dict[tuple[str, int], types.ModuleType] = {}


def grade(assignment: str, task: str, namespace: dict[str, Any]) -> list[Outcome]:
    """Run the hidden tests of one task on a student's namespace, in this process; see :func:`run_grader`."""
    return run_grader(assignment, task, Student(namespace))


def run_grader(assignment: str, task: str, student: Any) -> list[Outcome]:
    """Run the hidden tests of one task.

    The tests draw random inputs, the same ones every time, from a generator seeded with the names.

    Args:
        assignment: the file ``tests/graders/<assignment>.py``.
        task: the function in that file.
        student: a :class:`Student`, or whatever has its methods ``call`` and ``run``.

    Returns:
        At least one outcome.

    Raises:
        GraderError: if the grader is missing, crashes, or gives something else than outcomes.
    """
    function: Grader | None = getattr(load_grader(assignment), task, None)
    if function is None:
        raise GraderError(f"the grader {assignment}.py has no function {task}")
    rng = np.random.default_rng(zlib.crc32(f"{assignment}/{task}".encode()))
    try:
        with silence(), grad_enabled():
            outcomes = function(student, rng)
    except GraderError:
        raise
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(frame.filename).name}, line {frame.lineno}"
        raise GraderError(
            f"the grader {assignment}.{task} crashed: {type(error).__name__}: {error} ({where})"
        ) from error
    if not isinstance(outcomes, list) or not outcomes or not all(isinstance(o, Outcome) for o in outcomes):
        raise GraderError(f"the grader {assignment}.{task} must give a list of outcomes, and gave {outcomes!r:.80}")
    return outcomes


def points_for(outcomes: Sequence[Outcome], points: float) -> float:
    """The passed share of the weights, times the points: a plain float in [0, points], to two decimals."""
    passed = sum(o.weight for o in outcomes if o.passed)
    share = passed / sum(o.weight for o in outcomes)
    return float(min(float(points), max(0.0, round(share * points, 2))))


def hidden(assignment: str, task: str, points: float, namespace: dict[str, Any]) -> float:
    """Grade one task, print a sentence for each failed test, and give the points.

    Put it in the last line of a hidden test cell: nbgrader reads the points from there.

    Args:
        assignment: name of the assignment, e.g. ``"gan"``.
        task: name of the grader's function.
        points: the points of the cell, the same number as in its nbgrader metadata.
        namespace: ``globals()`` of the notebook.

    Returns:
        A plain Python float between 0 and ``points``.

    Raises:
        GraderError: if the grader itself is broken. The teacher's log shows it, and the cell gives no points.
        ValueError: if ``points`` is no positive number.
    """
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < math.inf:
        raise ValueError(f"points must be a positive number, got {points!r}")
    outcomes = grade(assignment, task, namespace)
    failed = [o for o in outcomes if not o.passed]
    for failure in failed:
        print(f"✗ {failure.name}: {failure.message}")
    if not failed:
        print(f"✓ {task}: all {len(outcomes)} hidden tests pass")
    return points_for(outcomes, points)

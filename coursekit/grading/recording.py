"""A visible test that reports what it saw, and leaves the judgement to another process.

In a student's process the functions ``expect_…`` of a visible test note what came and compare nothing. In the process
of the model solution they note what was expected, too. The grader compares the two lists, where no code of a student
runs. See :mod:`coursekit.grading.outside`.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import io
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from coursekit.grading import explain
from coursekit.grading.door import grad_enabled, student_error
from coursekit.grading.limits import TASK_SECONDS, TimeLimit, silence
from coursekit.grading.values import plain

MAX_TEXT = 20_000  # characters of a student's prints that come out of one test


class Recorder:
    """Stands in for the functions that a visible test imports.

    Args:
        namespace: the global names among which the test runs.
    """

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self.title = ""
        self.records: list[dict[str, Any]] = []

    def names(self) -> dict[str, Callable]:
        """The functions by the names under which a test cell imports them."""
        return {
            "visible": self.visible,
            "expect_close": self.expect_close,
            "expect_pair": self.expect_pair,
            "expect_true": self.expect_true,
            "expect_raises": self.expect_raises,
        }

    @contextlib.contextmanager
    def visible(self, name: str, seconds: float = TASK_SECONDS) -> Iterator[None]:
        self.title = name
        with silence(stdout=False), explain.kept_names(self.namespace):
            yield

    def expect_close(
        self, what: str, got: object, expected: object, tol: float = 1e-6, *, hint: str = "", mistakes: Any = None
    ) -> None:
        one_number = isinstance(expected, int | float) and isinstance(got, list | tuple)
        record = {"kind": "close", "what": str(what), "sequence": type(got).__name__ if one_number else ""}
        try:
            record["got"] = plain(got)
        except (TypeError, ValueError) as error:
            record["bad"] = str(error)
        with contextlib.suppress(TypeError, ValueError):  # of use in the process of the model solution alone
            record |= {"expected": plain(expected), "tol": float(tol), "hint": str(hint)}
            record["mistakes"] = plain(dict(mistakes or {}))
        self.records.append(record)

    def expect_pair(self, what: str, got: Any) -> tuple[Any, Any]:
        return self._stops("pair", what, lambda: explain.expect_pair(what, got))

    def expect_raises(self, what: str, exception: type, function: Callable, *args: object, **kwargs: object) -> None:
        self._stops("raises", what, lambda: explain.expect_raises(what, exception, function, *args, **kwargs))

    def expect_true(self, what: str, condition: object) -> None:
        self.records.append({"kind": "true", "what": str(what), "ok": bool(condition), "message": str(what)})

    def _stops(self, kind: str, what: str, test: Callable[[], Any]) -> Any:
        """A test after which a cell cannot go on if it fails: its result is needed."""
        record = {"kind": kind, "what": str(what), "ok": False, "message": ""}
        self.records.append(record)
        try:
            result = test()
        except AssertionError as error:
            record["message"] = str(error)
            raise
        record["ok"] = True
        return result


class BoundedText(io.StringIO):
    """A stream that forgets what goes beyond a limit."""

    def __init__(self, limit: int = MAX_TEXT):
        super().__init__()
        self.left = limit

    def write(self, content: str) -> int:
        kept = str(content)[: max(0, self.left)]
        self.left -= len(kept)
        if kept:
            super().write(kept)
        return len(content)


def perturbed(value: Any, kind: type) -> Any:
    """A slightly different result of a function: its floats, or its whole numbers, are changed, and nothing else."""
    torch = sys.modules.get("torch")
    if isinstance(value, bool | np.bool_):
        return value
    if isinstance(value, kind):
        return value + 1 if kind is int else value * 1.001 + 0.001
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == ("f" if kind is float else "i"):
        return value + value.dtype.type(1 if kind is int else 0.001)
    if torch is not None and isinstance(value, torch.Tensor) and value.dtype != torch.bool:
        return value + (1 if kind is int else 0.001) if value.is_floating_point() == (kind is float) else value
    if type(value) in (list, tuple):
        return type(value)(perturbed(item, kind) for item in value)
    if type(value) is dict:
        return {key: perturbed(item, kind) for key, item in value.items()}
    return value


def _perturbing(function: Callable, kind: type) -> Callable:
    @functools.wraps(function)
    def changed(*args: Any, **kwargs: Any) -> Any:
        return perturbed(function(*args, **kwargs), kind)

    return changed


def record_perturbed(source: str, namespace: dict[str, Any], seconds: float, kind: str) -> dict[str, Any]:
    """As :func:`record`, with functions that give slightly different results.

    In the process of the model solution this tells which expected values of a visible test are made of the results
    themselves, as in "the same as at the first call": these change, and the others stay.
    """
    functions = {name: f for name, f in namespace.items() if isinstance(f, types.FunctionType)}
    own = {name: f for name, f in functions.items() if f.__module__ == "__main__" and not name.startswith("_")}
    namespace.update({name: _perturbing(f, float if kind == "float" else int) for name, f in own.items()})
    try:
        return record(source, namespace, seconds)
    finally:
        namespace.update(own)


def record(source: str, namespace: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Run a visible test cell in a student's namespace.

    Args:
        source: the cell as the teacher wrote it.
        namespace: the global names of the notebook.
        seconds: time limit.

    Returns:
        ``title``, ``records``, ``text`` (what was printed) and ``error`` (message and kind, or ``None``).
    """
    recorder, tree = Recorder(namespace), ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "coursekit.grading"]
    names = {alias.asname or alias.name: alias.name for node in imports for alias in node.names}
    tree.body = [node for node in tree.body if node not in imports]
    real = {name: getattr(explain, original) for name, original in names.items() if hasattr(explain, original)}
    namespace.update(real | {name: recorder.names()[o] for name, o in names.items() if o in recorder.names()})
    printed, error = BoundedText(), None
    try:
        with contextlib.redirect_stdout(printed), silence(stdout=False), grad_enabled(), TimeLimit(seconds):
            exec(compile(tree, "<visible test>", "exec"), namespace)
    except AssertionError as failure:
        error = {"message": str(failure), "kind": "failed"}
    except BaseException as failure:
        told = student_error("your code", failure, seconds)
        error = {"message": str(told), "kind": "missing" if isinstance(failure, NameError) else told.kind}
    finally:
        namespace.update(real)
    return {"title": recorder.title, "records": recorder.records, "text": printed.getvalue(), "error": error}

"""What the visible tests of an exercise call: they say in words what is wrong."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from coursekit.grading.limits import TASK_SECONDS, OutOfTime, TimeLimit, silence
from coursekit.grading.values import plain


@contextlib.contextmanager
def kept_names(namespace: dict[str, Any]) -> Iterator[None]:
    """A block after which a namespace has the names and the objects that it had before."""
    before = dict(namespace)
    try:
        yield
    finally:
        for name in namespace.keys() - before.keys():
            del namespace[name]
        namespace.update(before)


class visible(contextlib.AbstractContextManager):
    """The block of a visible test: warnings are silent, an endless loop ends, and success prints one line.

    Whatever global names the block binds are as they were when it is over: a test cell runs among the student's own
    definitions, and its ``loss`` or ``total`` must not replace theirs.

    Args:
        name: what is tested, for the line that is printed.
        seconds: the time limit of the block.

    Raises:
        AssertionError: from the block, if a test fails, or if the time is over.
    """

    def __init__(self, name: str, seconds: float = TASK_SECONDS):
        self.name = name
        self.limit = TimeLimit(seconds)

    def __enter__(self) -> visible:
        self.names = kept_names(sys._getframe(1).f_globals)
        self.names.__enter__()
        self.silence = silence(stdout=False)
        self.silence.__enter__()
        self.limit.__enter__()
        if self.limit.works:
            self.limit.boundary = sys._getframe(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: Any) -> None:
        try:
            self.limit.__exit__()
        finally:
            self.silence.__exit__(None, None, None)
            self.names.__exit__(None, None, None)
        if isinstance(value, OutOfTime):
            raise AssertionError(
                f"{self.name}: no result after {self.limit.seconds:g} s. Is there a loop that never ends?"
            ) from None
        if value is None:
            print(f"✓ {self.name}: the visible tests pass")


def _show(expected: float, got: float) -> tuple[str, str]:
    """Two numbers as text, with six digits, or as many as it takes to tell them apart."""
    for digits in (6, 9, 12, 17):
        texts = f"{expected:.{digits}g}", f"{got:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def _numbers(what: str, got: object) -> np.ndarray:
    """``got`` as a float64 array, or an ``AssertionError`` that says what it is instead."""
    if got is None:
        raise AssertionError(f"{what}: got None; is the `return` missing?")
    try:
        value = plain(got)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what}: got {error}") from None
    if isinstance(value, list):
        try:
            value = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise AssertionError(f"{what}: expected numbers, got {got!r:.80}") from None
    if isinstance(value, str | dict):
        raise AssertionError(f"{what}: expected a number or an array of numbers, got a {type(value).__name__}")
    return np.asarray(value, dtype=float)


def expect_close(
    what: str,
    got: object,
    expected: object,
    tol: float = 1e-6,
    *,
    hint: str = "",
    mistakes: Mapping[str, object] | None = None,
) -> None:
    """Expect numbers, and say in words how they differ.

    Args:
        what: what was computed, e.g. ``"the divergence of p and q"``.
        got: what the student's code gave: a number, list, array or tensor, of the shape of ``expected``.
        expected: the right number or array; infinite entries must be infinite.
        tol: largest allowed difference, absolute or relative to the expected value, whichever is larger.
        hint: a sentence that is printed with every failure.
        mistakes: for some typical mistakes, the question to ask and the value that this mistake gives,
            e.g. ``{"is the ratio upside down?": 0.25}``. The question is printed if the value fits.

    Raises:
        AssertionError: with the sentence, if the values differ.
    """
    if got is not None and isinstance(expected, int | float) and isinstance(got, list | tuple):
        raise AssertionError(f"{what}: expected one number, got {len(got)} values in a {type(got).__name__}")
    left, right = _numbers(what, got), np.asarray(plain(expected), dtype=float)
    hint = f" {hint}" if hint else ""
    if left.shape != right.shape:
        wanted = "one number" if right.shape == () else f"shape {right.shape}"
        raise AssertionError(f"{what}: expected {wanted}, got shape {left.shape}.{hint}")
    if _all_close(left, right, tol):
        return
    for question, value in (mistakes or {}).items():
        wrong = np.asarray(plain(value), dtype=float)
        if wrong.shape == left.shape and _all_close(left, wrong, max(tol, 1e-6)) and not _all_close(wrong, right, tol):
            hint = f" {question[0].upper()}{question[1:]}{hint}"
            break
    if right.shape == ():
        wanted, came = _show(right.item(), left.item())
        raise AssertionError(f"{what}: expected {wanted}, got {came}.{hint}")
    bad = np.argwhere(~_close(left, right, tol))
    first = tuple(int(i) for i in bad[0])
    place = first[0] if len(first) == 1 else first
    wanted, came = _show(float(right[first]), float(left[first]))
    raise AssertionError(
        f"{what}: {len(bad)} of {right.size} values are wrong, first at index {place}: "
        f"expected {wanted}, got {came}.{hint}"
    )


def _close(left: np.ndarray, right: np.ndarray, tol: float) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return (left == right) | (
            np.abs(left - right) <= tol * np.maximum(1.0, np.abs(np.where(np.isfinite(right), right, 0)))
        )


def _all_close(left: np.ndarray, right: np.ndarray, tol: float) -> bool:
    return bool(np.all(_close(left, right, tol)))


def expect_pair(what: str, got: Any) -> tuple[Any, Any]:
    """Expect two values, in a tuple, list, array or tensor.

    Args:
        what: the name of the function that gave them.
        got: what it gave.

    Returns:
        The two values.

    Raises:
        AssertionError: if there are no two values.
    """
    if got is None:
        raise AssertionError(f"{what}: got None; is the `return` missing?")
    try:
        first, second = got
    except (TypeError, ValueError):
        raise AssertionError(f"{what}: expected a pair, that is, two values; got {got!r:.60}") from None
    return first, second


def expect_true(what: str, condition: object) -> None:
    """Expect a condition; ``what`` is the sentence that is printed where it does not hold.

    Raises:
        AssertionError: with the sentence ``what``.
    """
    if not bool(condition):
        raise AssertionError(what)


def expect_raises(
    what: str, exception: type[BaseException], function: Callable, *args: object, **kwargs: object
) -> None:
    """Expect that a call raises.

    Args:
        what: the input that must be refused, e.g. ``"probabilities that sum to 1.2"``.
        exception: the class that must be raised.
        function: what to call, with ``*args`` and ``**kwargs``.

    Raises:
        AssertionError: if nothing was raised, or something else was.
    """
    wanted = exception.__name__
    try:
        got = function(*args, **kwargs)
    except exception:
        return
    except Exception as error:
        raise AssertionError(f"{what}: expected {wanted}, got {type(error).__name__}: {error}") from error
    raise AssertionError(f"{what}: expected {wanted}, got the result {got!r:.80}")


def play(picture: Callable[[], None]) -> None:
    """Run a picture's function, where a person is there to see it.

    Nothing is drawn while the notebook is graded or validated, since that costs time and nobody looks.
    Where a task is not solved yet, a line says so in place of a traceback.
    """
    if os.environ.get("NBGRADER_EXECUTION") in ("autograde", "validate"):
        return
    try:
        picture()
    except NotImplementedError:
        print("This picture needs your solution: solve the task above first, then run this cell again.")

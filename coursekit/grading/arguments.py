"""Calls of a student's function that takes PyTorch tensors, for graders: arrays in, plain values out.

Tensors do not pass the narrow door. :data:`AS_TENSORS` makes them of arrays on its other side, at any depth of lists
and dictionaries; the functions here call a student's function with them. The same text can stand in front of a
grader's own snippet, where a module or a gradient is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coursekit.grading.door import Student
from coursekit.grading.explain import expect_true

# Turned round, the same values lie in memory in another order, the first axis last, and a vector's with gaps.
AS_TENSORS = """
import numpy
import torch

def as_tensors(value, turned=False):
    if isinstance(value, dict):
        return {key: as_tensors(item, turned) for key, item in value.items()}
    if isinstance(value, list):
        return [as_tensors(item, turned) for item in value]
    if not isinstance(value, numpy.ndarray):
        return value
    made = torch.from_numpy(value.copy())
    if not turned:
        return made
    return made.repeat_interleave(2)[::2] if made.ndim == 1 else made.movedim(0, -1).contiguous().movedim(-1, 0)

def all_tensors(value):
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value] if torch.is_tensor(value) else [tensor for item in inside for tensor in all_tensors(item)]
"""

_CALL = (
    AS_TENSORS
    + """
given = as_tensors(arguments, turned)
seen = all_tensors(given)
copies = [tensor.numpy().copy() for tensor in seen]
answer = FUNCTION(*given)
left = all_tensors(given)
same = len(left) == len(copies) and all(
    numpy.array_equal(copy, tensor.detach().numpy(), equal_nan=copy.dtype.kind == "f")
    for copy, tensor in zip(copies, left)
)
result = [answer, same, not any(tensor.requires_grad for tensor in [*seen, *left])]
"""
)


def call_with_tensors(student: Student, function: str, arguments: Sequence[object], *, turned: bool = False) -> Any:
    """Call a student's function with tensors in place of all arrays.

    Args:
        student: whose code it is.
        function: its name.
        arguments: plain values; arrays, at any depth, become tensors of the same dtype.
        turned: whether these lie in memory in another order than usual, so that ``view`` fails and ``reshape`` works.

    Returns:
        What the function returned, as a plain value.

    Raises:
        StudentError: as :meth:`Student.run`.
    """
    return _call(student, function, arguments, turned)[0]


def call_untouched(student: Student, function: str, arguments: Sequence[object]) -> Any:
    """As :func:`call_with_tensors`, and expect that all inputs are afterwards as they were.

    Raises:
        AssertionError: if a tensor, or a list or dictionary that holds it, was changed.
        StudentError: as :meth:`Student.run`.
    """
    answer, same, plain = _call(student, function, arguments, turned=False)
    expect_true(f"{function} has changed one of its inputs; make new tensors", same)
    expect_true(f"{function} has set requires_grad on one of its inputs; work on a detached copy", plain)
    return answer


def _call(student: Student, function: str, arguments: Sequence[object], turned: bool) -> list[Any]:
    return student.run(_CALL.replace("FUNCTION", function), arguments=list(arguments), turned=turned)

"""What graders of several assignments send through the narrow door: tensors made beside the student's code.

Each piece is a snippet for :meth:`coursekit.grading.Student.run`, or reads what one gave back. Only plain values pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from coursekit.grading.door import Student, StudentError
from coursekit.grading.explain import expect_true

Arrays = dict[str, np.ndarray]
Call = Callable[[Student, str, Sequence[object]], Any]  # one of the three `call_…` below

# `weights` turns a result with axes into a number, so that one backward pass gives a gradient of every entry.
CALL = """
import torch

tensors = {}
for name, array in arrays.items():
    tensor = torch.tensor(array, dtype=getattr(torch, dtype))
    if strided:  # a view whose memory is in another order
        tensor = tensor.repeat_interleave(2, dim=0)[::2] if tensor.dim() == 1 else (
            tensor.transpose(0, -1).contiguous().transpose(0, -1))
    tensors[name] = tensor.requires_grad_(name in leaves)
answer = FUNCTION(*tensors.values(), *rest)
value = answer if part is None else answer[part]
gradients = {}
if leaves:
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"the result must be a tensor, not a {type(value).__name__}")
    if not value.requires_grad:
        raise TypeError("no gradient reaches the inputs: is there a detach, item, no_grad or numpy too many?")
    total = (value * torch.tensor(weights, dtype=value.dtype)).sum()
    found = torch.autograd.grad(total, [tensors[name] for name in leaves], allow_unused=True)
    for name, gradient in zip(leaves, found):
        gradients[name] = torch.zeros_like(tensors[name]) if gradient is None else gradient
kind = str(value.dtype) if isinstance(value, torch.Tensor) else type(value).__name__
switched = [name for name, tensor in tensors.items() if tensor.requires_grad and name not in leaves]
result = {"value": answer, "gradients": gradients, "after": tensors, "kind": kind, "switched": switched}
"""

# A network of tanh layers out of `weights`: matrix, bias, matrix, bias …; none after the last. `kind` is its dtype.
NET = """
def net(weights):
    layers = []
    for i in range(0, len(weights), 2):
        layer = torch.nn.Linear(weights[i].shape[1], weights[i].shape[0], dtype=kind)
        layer.weight.data = torch.tensor(weights[i], dtype=kind)
        layer.bias.data = torch.tensor(weights[i + 1], dtype=kind)
        layers += [layer, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])
"""


def call(
    student: Student,
    function: str,
    arrays: Arrays,
    *rest: float,
    dtype: str = "float64",
    leaves: Iterable[str] = (),
    weights: object = 1.0,
    strided: bool = False,
    part: str | int | None = None,
) -> dict[str, Any]:
    """Call a student's function with tensors.

    Args:
        student: the door.
        function: the function's name.
        arrays: the tensors to make, in the order of the function's arguments.
        rest: further arguments, as they are.
        dtype: of the tensors.
        leaves: by which of the tensors to differentiate the result.
        weights: of the result's entries, of its shape; their weighted sum is differentiated.
        strided: make the tensors views whose memory is in another order.
        part: which entry of the result is meant by ``gradients`` and ``kind``; all of it where ``None``.

    Returns:
        ``value``, what the function gave; ``gradients`` by the inputs named in ``leaves``; ``kind``, the dtype as in
        ``"torch.float64"``, or the type of what is no tensor; ``after``, the inputs after the call; ``switched``, those
        whose ``requires_grad`` the function has switched on.

    Raises:
        StudentError: as :meth:`coursekit.grading.Student.run`.
    """
    return student.run(
        CALL.replace("FUNCTION", function),
        arrays=arrays,
        rest=list(rest),
        dtype=dtype,
        leaves=list(leaves),
        weights=weights,
        strided=strided,
        part=part,
    )


def rounded(arrays: Arrays, dtype: str) -> Arrays:
    """What tensors of this dtype hold, in float64: the reference gets what the student gets."""
    return {name: array.astype(dtype).astype(float) for name, array in arrays.items()}


def expect_untouched(arrays: Arrays, got: Mapping[str, Any], dtype: str = "float64") -> None:
    """Expect the inputs of a :func:`call` to be what they were."""
    for name, array in arrays.items():
        same = np.array_equal(got["after"][name], array.astype(dtype), equal_nan=True)
        expect_true(f"the input {name} was changed; work on a copy", same)
    switched = ", ".join(got["switched"])
    expect_true(f"requires_grad of {switched} was switched on; work on a copy", not switched)


def expect_dtype(dtype: str, got: Mapping[str, Any]) -> None:
    """Expect the result of a :func:`call` to be a tensor of this dtype."""
    expect_true(f"expected a tensor of {dtype}, got {got['kind']}", got["kind"] == f"torch.{dtype}")


def expect_value_error(what: str, refuse: Callable[[], object]) -> None:
    """Expect that a call of student's code raises ``ValueError``.

    Args:
        what: what should be refused, in a few words.
        refuse: makes the call.
    """
    try:
        got = refuse()
    except StudentError as error:
        expect_true(f"{what}: expected a ValueError, but {error}", "ValueError" in error.raised)
        return
    raise AssertionError(f"{what}: expected a ValueError, got the result {got!r:.60}")


# Arguments of several kinds -------------------------------------------------------------------------------------------
# Numbers, marks and indices, each array with a dtype of its own, at any depth of lists and dictionaries.

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

def lengths(value):
    inside = list(value.values()) if isinstance(value, dict) else value
    return [lengths(item) for item in inside] if isinstance(inside, list) else None
"""

_WATCHED = (
    AS_TENSORS
    + """
given = as_tensors(arguments, turned)
seen = all_tensors(given)
copies = [tensor.numpy().copy() for tensor in seen]
before = lengths(given)
answer = FUNCTION(*given)
left = all_tensors(given)
same = lengths(given) == before and len(left) == len(copies) and all(
    numpy.array_equal(copy, tensor.detach().numpy(), equal_nan=copy.dtype.kind == "f")
    for copy, tensor in zip(copies, left)
)
result = [answer, same, not any(tensor.requires_grad for tensor in [*seen, *left])]
"""
)


def call_with_tensors(student: Student, function: str, arguments: Sequence[object]) -> Any:
    """Call a student's function with tensors in place of all arrays.

    Args:
        student: whose code it is.
        function: its name.
        arguments: plain values; arrays, at any depth, become tensors of the same dtype.

    Returns:
        What the function returned, as a plain value.

    Raises:
        StudentError: as :meth:`Student.run`.
    """
    return _call(student, function, arguments, turned=False)[0]


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


def call_turned(student: Student, function: str, arguments: Sequence[object]) -> Any:
    """As :func:`call_with_tensors`, with tensors that lie in memory in another order than usual.

    Then ``view`` fails and ``reshape`` works.
    """
    return _call(student, function, arguments, turned=True)[0]


def _call(student: Student, function: str, arguments: Sequence[object], turned: bool) -> list[Any]:
    return student.run(_WATCHED.replace("FUNCTION", function), arguments=list(arguments), turned=turned)

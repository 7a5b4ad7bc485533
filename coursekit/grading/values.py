"""Plain values: what may pass between a grader and a student's code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

MAX_BYTES = 1 << 26  # largest array that passes the door
MAX_ITEMS = 100_000  # most values in all lists and dictionaries of one answer
MAX_DEPTH = 20
MAX_INTEGER = 10**300  # a larger one cannot be compared with a float


def plain(value: object) -> Any:
    """Copy a value into plain Python and NumPy, or say why that is not possible.

    Tensors become NumPy arrays (without their graph), NumPy scalars become Python numbers, tuples become lists,
    subclasses lose what they add: no method of a student's class is called.

    Args:
        value: ``None``, a boolean, a number, a string, a NumPy array of numbers or booleans, a tensor,
            or a list, tuple or dictionary (with string keys) of these.

    Returns:
        A value that shares no memory with the one given. Arrays keep shape and dtype; 0-d ones become numbers.

    Raises:
        TypeError: for anything else, with a sentence that names it.
        ValueError: where the value is too large or too deeply nested.
    """
    return _plain(value, depth=0, budget=[MAX_ITEMS])


def _plain(value: object, depth: int, budget: list[int]) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"a value nested more than {MAX_DEPTH} levels deep")
    budget[0] -= 1
    if budget[0] < 0:
        raise ValueError(f"more than {MAX_ITEMS} values")
    # The methods of the built-in classes are called by name, since a subclass may have its own.
    if value is None or type(value) in (bool, float, str):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        value = np.ndarray((), value.dtype, np.generic.tobytes(value))
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int):
        number = int.__int__(value)
        if not -MAX_INTEGER < number < MAX_INTEGER:
            raise ValueError("an integer of more than 300 digits")
        return number
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        tensor = value.detach().cpu()
        if tensor.dtype == torch.bfloat16:
            tensor = tensor.float()
        value = tensor.resolve_conj().resolve_neg().numpy()
    if isinstance(value, np.ndarray):
        return _plain_array(value)
    if isinstance(value, list | tuple):
        return [_plain(item, depth + 1, budget) for item in value]
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a dictionary with a key that is not a string")
        return {str.__str__(key): _plain(item, depth + 1, budget) for key, item in value.items()}
    name = type(value).__name__
    raise TypeError(f"a value of type {name}, where numbers, lists and arrays were expected")


def _plain_array(array: np.ndarray) -> Any:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"an array of dtype {array.dtype}, where real numbers were expected")
    if array.nbytes > MAX_BYTES:
        raise ValueError(f"an array of {array.nbytes} bytes, more than {MAX_BYTES}")
    copied = np.array(array, subok=False, copy=True, order="C")
    return copied.item() if copied.ndim == 0 else copied

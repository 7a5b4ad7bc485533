"""Typed values on a socket: what passes between the grader and the process that holds a student's code.

A message is a JSON object, and behind it the bytes of its arrays. A value is ``None``, a boolean, a number, a string,
a list, ``{"d": {…}}`` for a dictionary, or ``{"a": [dtype, shape, offset, bytes]}`` for an array. Nothing is unpickled,
nothing is evaluated. The reader believes nothing: sizes, types, shapes and depths are checked before memory is taken.
"""

from __future__ import annotations

import json
import math
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from coursekit.grading.values import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, MAX_ITEMS

MAX_JSON = 4 << 20
MAX_ARRAYS = 2 * MAX_BYTES
HEADER = struct.Struct("<IQ")
DTYPE = re.compile(r"[<>|][biuf](1|2|4|8|16)")


class WireError(ValueError):
    """A message that is none: what it is in place of one."""


# Values ---------------------------------------------------------------------------------------------------------------


def encode(value: Any, arrays: list[bytes]) -> Any:
    """A plain value (see :func:`coursekit.grading.values.plain`) as JSON; the bytes of arrays are added to ``arrays``.

    Raises:
        WireError: for what is no plain value.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [encode(item, arrays) for item in value]
    if isinstance(value, dict):
        return {"d": {key: encode(item, arrays) for key, item in value.items()}}
    if isinstance(value, np.ndarray):
        content = np.ascontiguousarray(value).tobytes()
        offset = sum(map(len, arrays))
        if offset + len(content) > MAX_ARRAYS:
            raise WireError(f"arrays of more than {MAX_ARRAYS} bytes together")
        arrays.append(content)
        return {"a": [value.dtype.str, list(value.shape), offset, len(content)]}
    raise WireError(f"a value of type {type(value).__name__}")


def decode(content: Any, arrays: bytes) -> Any:
    """The plain value that :func:`encode` made JSON of.

    Raises:
        WireError: for whatever no honest sender sends.
    """
    return _decode(content, arrays, 0, Left(arrays=len(arrays)))


@dataclass
class Left:
    """What a message may still hold: each value takes some, so that no message is larger in memory than on the wire."""

    items: int = MAX_ITEMS + 1000  # the message around a value has some, too
    arrays: int = 0

    def take(self, items: int = 0, arrays: int = 0) -> None:
        self.items -= items
        self.arrays -= arrays
        if self.items < 0 or self.arrays < 0:
            raise WireError("a value that is too large")


def _decode(content: Any, arrays: bytes, depth: int, left: Left) -> Any:
    left.take(items=1)
    if depth > 2 * MAX_DEPTH:
        raise WireError("a value that is too deep")
    if content is None or isinstance(content, bool | float):
        return content
    if isinstance(content, int):
        if not -MAX_INTEGER < content < MAX_INTEGER:
            raise WireError("an integer of more than 300 digits")
        return content
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return [_decode(item, arrays, depth + 1, left) for item in content]
    if isinstance(content, dict) and len(content) == 1:
        if isinstance(content.get("d"), dict):
            return {key: _decode(item, arrays, depth + 1, left) for key, item in content["d"].items()}
        if isinstance(content.get("a"), list):
            return _array(content["a"], arrays, left)
    raise WireError("a value of no known type")


def _array(described: list[Any], arrays: bytes, left: Left) -> np.ndarray:
    """An array whose description fits its bytes; a description that lies is refused, and so is a second one of them."""
    if len(described) != 4:
        raise WireError("an array without its description")
    dtype, shape, offset, size = described
    if not isinstance(dtype, str) or not DTYPE.fullmatch(dtype):
        raise WireError("an array of no known dtype")
    if not isinstance(shape, list) or not 1 <= len(shape) <= 32 or not all(map(_is_size, [*shape, offset, size])):
        raise WireError("an array whose shape is none")
    try:
        item = np.dtype(dtype)
    except TypeError as error:
        raise WireError("an array of no known dtype") from error
    if math.prod(shape) * item.itemsize != size or size > MAX_BYTES or offset + size > len(arrays):
        raise WireError("an array whose shape does not fit its bytes")
    left.take(arrays=size)
    try:
        if item.kind == "b":  # a byte that is neither 0 nor 1 is no boolean
            return (np.frombuffer(arrays, np.uint8, size, offset) != 0).reshape(shape)
        return np.frombuffer(arrays, item, size // item.itemsize, offset).reshape(shape).copy()
    except ValueError as error:  # no entries, and lengths whose product is beyond all bounds
        raise WireError("an array whose shape is none") from error


def _is_size(number: Any) -> bool:
    return type(number) is int and 0 <= number <= MAX_ARRAYS


def text(content: str) -> str:
    """A string that every file and terminal takes: no lone surrogates, no control characters."""
    printable = content.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\N{REPLACEMENT CHARACTER}", printable)


# Messages -------------------------------------------------------------------------------------------------------------


def pack(message: dict[str, Any]) -> bytes:
    """A message as bytes.

    Raises:
        WireError: if it is too large.
    """
    arrays: list[bytes] = []
    content = json.dumps(encode(message, arrays)["d"]).encode()
    if len(content) > MAX_JSON:
        raise WireError(f"an answer of more than {MAX_JSON} bytes")
    return b"".join([HEADER.pack(len(content), sum(map(len, arrays))), content, *arrays])


def unpack(content: bytes, arrays: bytes) -> dict[str, Any]:
    """The message of these bytes.

    Raises:
        WireError: if they are none.
    """
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WireError("bytes that are no message") from error
    if not isinstance(parsed, dict):
        raise WireError("a message that is no object")
    return decode({"d": parsed}, arrays)


def receive(read: Callable[[int], bytes]) -> dict[str, Any]:
    """Read one message by a function that gives so many bytes.

    Raises:
        WireError: if what comes is no message.
    """
    size, arrays = HEADER.unpack(read(HEADER.size))
    if size > MAX_JSON or arrays > MAX_ARRAYS:
        raise WireError("a message that is too large")
    content = read(size)
    return unpack(content, read(arrays))


def reader(
    connection: socket.socket, deadline: float = math.inf, tick: Callable[[], None] | None = None, every: float = 0.2
) -> Callable[[int], bytes]:
    """A function that reads so many bytes from a socket.

    Args:
        connection: the socket.
        deadline: when to give up, on the clock of ``time.monotonic``.
        tick: called now and then until all has come.
        every: seconds between two calls of ``tick``.

    It raises ``TimeoutError`` when the time is over, and ``EOFError`` when the other side has gone.
    """

    last = time.monotonic()

    def read(size: int) -> bytes:
        nonlocal last
        parts, missing = [], size
        while missing:
            if tick and time.monotonic() - last > every:  # also while bytes come, one by one
                last = time.monotonic()
                tick()
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(min(left, every) if tick or deadline < math.inf else None)
            try:
                part = connection.recv(min(missing, 1 << 20))
            except TimeoutError:
                continue
            if not part:
                raise EOFError
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    return read
